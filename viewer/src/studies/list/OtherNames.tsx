import { formatOtherNames } from '../../dicom/format';
import classes from './StudyList.module.css';

/** The name in the person's own script and its sound, small beside the one in Latin letters. */
export function OtherNames({ of: name }: { of: string }) {
  const others = formatOtherNames(name);
  return others ? (
    <>
      {' '}
      <span className={classes.otherNames} data-testid="other-names">
        {others}
      </span>
    </>
  ) : null;
}

import { Button, Pagination, Text } from '@mantine/core';
import { IconFilePlus, IconPhoto } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router';
import type { ReportedStep } from '../api/orders';
import { Panel } from '../ui/Page';
import { StateBadge } from '../ui/StateBadge';
import classes from './Orders.module.css';
import { useUnscheduledSteps } from './queries';
import { imagesOf, personOf, STEP_TONES, whenPerformed, whoseOrder } from './words';

interface UnscheduledProps {
  /** The day or range of days that is shown, as in DICOM. */
  date: string;
  hasDays: boolean;
  onMakeOrder: (step: ReportedStep) => void;
}

/** What scanners reported of which there is no order; nothing where there is none. */
export function Unscheduled({ date, hasDays, onMakeOrder }: UnscheduledProps) {
  const [page, setPage] = useState(1);
  const { data } = useUnscheduledSteps(date, page);
  if (!data?.total) return null;
  const pages = Math.ceil(data.total / data.page_size);
  return (
    <Panel title="Reported without an order" testId="unscheduled">
      <Text size="sm" c="var(--quiet)" maw={720} mb="sm">
        Scanners performed these steps, and no order here fits: the patient was entered at the
        scanner, or the order was made elsewhere.
      </Text>
      <ul className={classes.unscheduled}>
        {data.procedure_steps.map((step) => (
          <Step
            key={step.sop_instance_uid}
            step={step}
            hasDay={hasDays}
            onMakeOrder={() => onMakeOrder(step)}
          />
        ))}
      </ul>
      {pages > 1 || page > 1 ? (
        <Pagination
          size="sm"
          mt="sm"
          total={Math.max(pages, page)}
          value={page}
          onChange={setPage}
          getControlProps={(control) => ({ 'aria-label': `${control} page of steps` })}
        />
      ) : null}
    </Panel>
  );
}

interface StepProps {
  step: ReportedStep;
  hasDay: boolean;
  onMakeOrder: () => void;
}

function Step({ step, hasDay, onMakeOrder }: StepProps) {
  const status = step.status.toLowerCase();
  const procedure = step.RequestedProcedureDescription || step.description;
  const facts = [
    procedure || 'Without description',
    `${step.modality} at ${step.station_ae_title}`,
    whenPerformed(step, hasDay),
    imagesOf(step),
  ];
  return (
    <li data-testid="unscheduled-step">
      <div className={classes.unscheduledWords}>
        <span className={classes.name}>{whoseOrder(step)}</span>{' '}
        <Text span size="xs" c="var(--quiet)">
          {personOf(step)}
        </Text>
        <Text size="sm">{facts.filter(Boolean).join(' · ')}</Text>
        {step.discontinuation_reason ? (
          <Text size="sm" c="var(--waiting)">
            {step.discontinuation_reason}
          </Text>
        ) : null}
      </div>
      <StateBadge tone={STEP_TONES[status] ?? 'quiet'}>{status}</StateBadge>
      <div className={classes.unscheduledActions}>
        {step.is_study_here ? (
          <Button
            size="compact-sm"
            variant="default"
            component={Link}
            to={`/studies/${step.StudyInstanceUID}`}
            leftSection={<IconPhoto size={15} />}
            data-testid="open-unscheduled-study"
          >
            Open the study
          </Button>
        ) : null}
        <Button
          size="compact-sm"
          variant="light"
          leftSection={<IconFilePlus size={15} />}
          onClick={onMakeOrder}
          data-testid="make-order"
        >
          Make an order of it
        </Button>
      </div>
    </li>
  );
}

import { ActionIcon, CopyButton, Drawer, Loader, Text, TextInput, Tooltip } from '@mantine/core';
import {
  IconCheck,
  IconChevronDown,
  IconChevronRight,
  IconCopy,
  IconSearch,
} from '@tabler/icons-react';
import { useState } from 'react';
import type { Attribute } from '../../api/client';
import { Failure } from '../../ui/Notice';
import { useAttributes } from '../queries';
import { matching } from './attributes';
import classes from './Study.module.css';

interface AttributeDrawerProps {
  opened: boolean;
  onClose: () => void;
  studyInstanceUid: string;
  seriesInstanceUid: string;
  sopInstanceUid: string;
}

/** All DICOM attributes of the image on the screen, to be searched and copied. */
export function AttributeDrawer({ opened, onClose, ...instance }: AttributeDrawerProps) {
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position="right"
      size="min(44rem, 100vw)"
      title="DICOM attributes"
      withOverlay={false}
      lockScroll={false}
      trapFocus={false}
      closeButtonProps={{ 'aria-label': 'Close the attributes' }}
    >
      <Attributes {...instance} />
    </Drawer>
  );
}

type Instance = Omit<AttributeDrawerProps, 'opened' | 'onClose'>;

function Attributes({ studyInstanceUid, seriesInstanceUid, sopInstanceUid }: Instance) {
  const [wanted, setWanted] = useState('');
  const { data, error, refetch } = useAttributes(
    studyInstanceUid,
    seriesInstanceUid,
    sopInstanceUid,
  );
  if (error && !data) {
    return (
      <Failure
        title="The attributes could not be read"
        error={error}
        onRetry={() => void refetch()}
      />
    );
  }
  if (!data) return <Loader aria-label="Loading" />;
  const shown = matching(data, wanted);
  return (
    <div data-testid="attributes">
      <TextInput
        value={wanted}
        onChange={(event) => setWanted(event.currentTarget.value)}
        placeholder="Name, tag or value"
        aria-label="Search the attributes"
        leftSection={<IconSearch size={16} />}
        mb="sm"
        data-testid="attribute-search"
      />
      {shown.length === 0 ? (
        <Text size="sm" c="var(--quiet)">
          No attribute has “{wanted}” in its name, tag or value.
        </Text>
      ) : (
        <Rows attributes={shown} depth={0} isOpen={wanted.trim() !== ''} />
      )}
    </div>
  );
}

interface RowsProps {
  attributes: readonly Attribute[];
  depth: number;
  isOpen: boolean;
}

function Rows({ attributes, depth, isOpen }: RowsProps) {
  return (
    <ul className={classes.attributes} style={{ paddingLeft: depth ? 14 : 0 }}>
      {attributes.map((attribute) => (
        <Row key={attribute.tag} attribute={attribute} depth={depth} isOpen={isOpen} />
      ))}
    </ul>
  );
}

interface RowProps {
  attribute: Attribute;
  depth: number;
  isOpen: boolean;
}

function Row({ attribute, depth, isOpen }: RowProps) {
  const [isUnfolded, setUnfolded] = useState(false);
  const { items } = attribute;
  const hasItems = items !== null && items.length > 0;
  const showsItems = hasItems && (isUnfolded || isOpen);
  return (
    <li>
      <div className={classes.attribute} data-testid="attribute">
        <span className={classes.fold}>
          {hasItems ? (
            <ActionIcon
              size="sm"
              aria-label={showsItems ? 'Fold' : 'Unfold'}
              aria-expanded={showsItems}
              onClick={() => setUnfolded((unfolded) => !unfolded)}
            >
              {showsItems ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />}
            </ActionIcon>
          ) : null}
        </span>
        <span className={classes.tag}>
          {attribute.tag} {attribute.vr}
        </span>
        <span className={classes.attributeName}>{attribute.name}</span>
        <span className={classes.value}>{attribute.value}</span>
        <CopyButton value={attribute.value}>
          {({ copied, copy }) => (
            <Tooltip label={copied ? 'Copied' : 'Copy the value'}>
              <ActionIcon size="sm" aria-label={`Copy ${attribute.name}`} onClick={copy}>
                {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
              </ActionIcon>
            </Tooltip>
          )}
        </CopyButton>
      </div>
      {showsItems
        ? items.map((item, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: items of a sequence have no other name
            <div key={index} className={classes.item}>
              <Text size="xs" c="var(--quiet)">
                Item {index + 1}
              </Text>
              <Rows attributes={item} depth={depth + 1} isOpen={isOpen} />
            </div>
          ))
        : null}
    </li>
  );
}

import { Button } from '@mantine/core';
import { IconMapPinOff } from '@tabler/icons-react';
import { useEffect } from 'react';
import { Link } from 'react-router';
import { Notice } from '../../ui/Notice';

export function NotFoundPage() {
  useEffect(() => {
    document.title = 'Not found · Hounsfield';
  }, []);
  return (
    <Notice
      icon={<IconMapPinOff size={28} />}
      title="There is no such page"
      testId="not-found"
      actions={
        <Button component={Link} to="/">
          To the study list
        </Button>
      }
    >
      The address is wrong, or what it led to is gone.
    </Notice>
  );
}

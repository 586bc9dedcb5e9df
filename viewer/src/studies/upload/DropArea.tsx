import { Text, Title } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { type ReactNode, useRef, useState } from 'react';
import { useCommands } from '../../ui/useCommands';
import classes from './Upload.module.css';
import { useUploads } from './uploads';
import { filesOfDrop, filesOfInput } from './walk';

/** Takes files, folders and ZIPs dropped anywhere on it, or chosen by command. */
export function DropArea({ children }: { children: ReactNode }) {
  const uploads = useUploads();
  const [isOver, setIsOver] = useState(false);
  const depth = useRef(0);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);

  useCommands({
    'upload.choose-files': () => files.current?.click(),
    'upload.choose-folder': () => folder.current?.click(),
  });

  const hasFiles = (event: React.DragEvent) => event.dataTransfer.types.includes('Files');

  const choose = (event: React.ChangeEvent<HTMLInputElement>) => {
    if (event.target.files) uploads.add(filesOfInput(event.target.files));
    event.target.value = '';
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a place to drop; the commands do the same by key and button
    <div
      className={classes.area}
      data-testid="drop-area"
      onDragEnter={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        depth.current += 1;
        setIsOver(true);
      }}
      onDragOver={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = 'copy';
      }}
      onDragLeave={() => {
        depth.current = Math.max(0, depth.current - 1);
        if (depth.current === 0) setIsOver(false);
      }}
      onDrop={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        depth.current = 0;
        setIsOver(false);
        void uploads.addAll(filesOfDrop(event.dataTransfer));
      }}
    >
      {children}
      <input ref={files} type="file" multiple hidden onChange={choose} data-testid="file-input" />
      <input
        ref={folder}
        type="file"
        multiple
        hidden
        onChange={choose}
        data-testid="folder-input"
        {...{ webkitdirectory: '' }}
      />
      {isOver ? (
        <div className={classes.drop} data-testid="drop-overlay">
          <div className={classes.dropFrame}>
            <IconUpload size={40} />
            <Title order={2} size="h4">
              Drop to upload
            </Title>
            <Text size="sm" c="var(--quiet)">
              Files, folders and ZIP archives
            </Text>
          </div>
        </div>
      ) : null}
    </div>
  );
}

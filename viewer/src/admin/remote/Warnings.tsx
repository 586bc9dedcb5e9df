import { Callout } from '../../ui/Callout';

/** What a peer did wrong or left out while it answered. */
export function Warnings({ peer, warnings }: { peer: string; warnings: readonly string[] }) {
  if (warnings.length === 0) return null;
  return (
    <Callout
      tone="warning"
      title={`${peer} answered, but not quite as it should`}
      testId="remote-warnings"
    >
      <ul>
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </Callout>
  );
}

// Checks the borders between the folders of src; fails when it saw no module at all.
import { createRequire } from 'node:module';
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';

const rules = createRequire(import.meta.url)('../.dependency-cruiser.cjs');
const { output } = await cruise(
  ['src'],
  { ...rules.options, validate: true, ruleSet: { forbidden: rules.forbidden } },
  null,
  { tsConfig: extractTSConfig('tsconfig.json') },
);
const { totalCruised, violations } = output.summary;
const ours = output.modules.filter((module) => module.source.startsWith('src/')).length;
for (const { rule, from, to } of violations) {
  console.error(`${rule.name}: ${from} -> ${to}`);
}
console.log(`${ours} modules of ours, ${totalCruised} cruised, ${violations.length} violations`);
const typed = output.modules.some((module) => module.source.endsWith('.tsx'));
if (ours === 0 || !typed) {
  console.error('No TypeScript module was cruised: nothing was checked.');
  process.exit(1);
}
process.exit(violations.length === 0 ? 0 : 1);

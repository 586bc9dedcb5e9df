// Writes src/api/schema.d.ts from openapi.json; with --check it only says whether that is current.
import { readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';

const source = new URL('../openapi.json', import.meta.url);
const target = new URL('../src/api/schema.d.ts', import.meta.url);
const types = astToString(await openapiTS(source));
const text = `// Generated from openapi.json by "npm run api"; never edited.\n\n${types}`;

if (process.argv.includes('--check')) {
  const current = await readFile(target, 'utf8').catch(() => '');
  if (current !== text) {
    console.error('src/api/schema.d.ts is not what openapi.json says: run "npm run api".');
    process.exit(1);
  }
  console.log('src/api/schema.d.ts is current.');
} else {
  await writeFile(target, text);
}

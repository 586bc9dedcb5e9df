// Writes src/api/schema.d.ts from openapi.json, before types are checked.
import { writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';

const source = new URL('../openapi.json', import.meta.url);
const target = new URL('../src/api/schema.d.ts', import.meta.url);
const types = astToString(await openapiTS(source));
await writeFile(
  target,
  `// Generated from openapi.json by "npm run api"; never edited.\n\n${types}`,
);

/** The borders of the app: docs/architecture. Arrows point from features down to pure code. */
const only = (folder, allowed) => ({
  name: `${folder}-imports`,
  comment: `src/${folder} may import only: ${allowed.join(', ') || 'itself'}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^src/', pathNot: [`^src/${folder}/`, ...allowed.map((name) => `^src/${name}`)] },
});

module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    only('dicom', []),
    only('api', []),
    only('ui', ['commands.ts']),
    only('dicomweb', ['dicom/']),
    only('viewport', ['dicom/', 'dicomweb/', 'ui/', 'commands.ts']),
    only('studies', ['dicom/', 'dicomweb/', 'api/', 'viewport/', 'ui/', 'commands.ts']),
    only('orders', ['dicom/', 'api/', 'ui/', 'commands.ts']),
    only('admin', ['dicom/', 'api/', 'ui/', 'commands.ts']),
    {
      name: 'dicom-is-pure',
      comment: 'What the standard says needs no package and no DOM.',
      severity: 'error',
      from: { path: '^src/dicom/', pathNot: '[.]test[.]ts$' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'core'] },
    },
    {
      name: 'only-viewport-knows-cornerstone',
      severity: 'error',
      from: { pathNot: '^src/viewport/' },
      to: { path: '@cornerstonejs' },
    },
    {
      name: 'commands-import-nothing-of-ours',
      severity: 'error',
      from: { path: '^src/commands[.]ts$' },
      to: { path: '^src/' },
    },
    {
      name: 'main-is-the-top',
      severity: 'error',
      from: { pathNot: '^src/main[.]tsx$' },
      to: { path: '^src/(main|app)[.]tsx$' },
    },
    {
      name: 'no-development-packages',
      severity: 'error',
      from: { path: '^src/', pathNot: '([.]test[.]tsx?|src/test-setup[.]ts)$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-orphans',
      comment: 'A module that nothing imports is dead.',
      severity: 'error',
      from: { orphan: true, pathNot: ['[.]d[.]ts$', 'xmlbuilder2[.]ts$', 'test-setup[.]ts$'] },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types'] },
  },
};

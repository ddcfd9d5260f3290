/** The house's import rules (DESIGN: core <- contract <- config, telemetry, db, queue <- auth, ledger <- stages <- api, cli <- app). */
const stages = ['register', 'ingest', 'analyse', 'store', 'watch', 'alert', 'audit'];
const platform = ['config', 'telemetry', 'db', 'queue'];
const trust = ['auth', 'ledger'];
const outer = ['api', 'cli'];
const any = (names) => `^src/(${names.join('|')})/`;
const only = (module, folders) => ({
  name: `only-${folders}-imports-${module.replace(/\W/g, '')}`,
  severity: 'error',
  from: { path: '^(src|workers)/', pathNot: `^src/(${folders})/` },
  to: { path: `node_modules/${module}` },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'core-imports-nothing', severity: 'error', from: { path: '^src/core/' }, to: { path: '^src/', pathNot: '^src/core/' } },
    { name: 'contract-imports-core', severity: 'error', from: { path: '^src/contract/' }, to: { path: '^src/', pathNot: '^src/(core|contract)/' } },
    { name: 'platform-imports-down', severity: 'error', from: { path: any(platform) }, to: { path: any([...trust, ...stages, ...outer, 'console', 'simulate']) } },
    { name: 'trust-imports-down', severity: 'error', from: { path: any(trust) }, to: { path: any([...stages, ...outer, 'console', 'simulate']) } },
    ...stages.map((stage) => ({
      name: `${stage}-imports-no-other-stage`,
      severity: 'error',
      from: { path: `^src/${stage}/` },
      to: { path: any([...stages.filter((s) => s !== stage), ...outer, 'console', 'simulate']) },
    })),
    { name: 'outer-reaches-stages-by-contract', severity: 'error', from: { path: any(outer) }, to: { path: any([...stages, 'console', 'simulate', 'db', 'queue']) } },
    { name: 'simulate-stands-alone', severity: 'error', from: { path: '^src/simulate/' }, to: { path: '^src/', pathNot: '^src/(simulate|core|contract)/' } },
    { name: 'adapters-are-wired-by-app', severity: 'error', from: { path: '^src/', pathNot: '^src/(app\\.ts|app/|[^/]+/adapters/)' }, to: { path: '^src/[^/]+/adapters/' } },
    { name: 'console-knows-contract-types', severity: 'error', from: { path: '^src/console/' }, to: { path: '^src/', pathNot: '^src/(console|contract)/' } },
    { name: 'src-never-imports-tests', severity: 'error', from: { path: '^(src|workers)/' }, to: { path: '^tests/' } },
    { name: 'only-app-and-main-import-app', severity: 'error', from: { path: '^src/', pathNot: '^src/(app|main)' }, to: { path: '^src/(app|main)\\.ts' } },
    // The seal of a masked picture is the masker's alone (DESIGN 2.3): the symbol check stands in tests/boundary.
    only('bullmq', 'queue/adapters'),
    only('ioredis', 'queue/adapters'),
    only('onnxruntime-node', 'analyse/adapters'),
    only('@aws-sdk', 'store/adapters'),
    only('@electric-sql', 'db/adapters'),
    only('pg/', 'db/adapters'),
    only('fastify/', 'api'),
    only('node-av', 'ingest/adapters|analyse/adapters|simulate'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'], extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json'] },
  },
};

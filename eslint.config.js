import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** House rules that a linter can hold: see CONTRIBUTING in README.md. */
const onlyClock = [
  { object: 'Date', property: 'now', message: 'Only core/clock reads the time.' },
  { object: 'process', property: 'env', message: 'Only config/load reads the environment.' },
];
const onlyClockGlobals = ['setTimeout', 'setInterval', 'setImmediate'].map((name) => ({ name, message: 'Only core/clock sets a timer.' }));

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'data/**', 'src/db/migrations/**'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { project: ['./tsconfig.tests.json', './src/console/tsconfig.json'], tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      'max-lines': ['error', { max: 400, skipBlankLines: false, skipComments: false }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'workers/**/*.ts'],
    ignores: ['src/core/clock.ts', 'src/config/load.ts', 'src/console/**'],
    rules: { 'no-restricted-properties': ['error', ...onlyClock], 'no-restricted-globals': ['error', ...onlyClockGlobals] },
  },
  { files: ['tests/**/*.ts', 'scripts/**'], rules: { 'no-console': 'off', 'max-lines': 'off' } },
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: { ...tseslint.configs.disableTypeChecked.languageOptions, globals: { process: 'readonly', console: 'readonly', URL: 'readonly', module: 'writable', require: 'readonly', __dirname: 'readonly', setTimeout: 'readonly', fetch: 'readonly', Buffer: 'readonly', performance: 'readonly', TextDecoder: 'readonly', AbortSignal: 'readonly' } },
    rules: { ...tseslint.configs.disableTypeChecked.rules, '@typescript-eslint/no-require-imports': 'off', 'no-console': 'off' },
  },
);

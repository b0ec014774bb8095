import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const noMarkup = {
  // Text that a guest made must never become markup (attack U04): nodes and textContent only.
  'no-restricted-properties': [
    'error',
    ...['innerHTML', 'outerHTML', 'insertAdjacentHTML'].map(property => ({
      property,
      message: 'Build nodes and set textContent.'
    }))
  ],
  'no-eval': 'error',
  'no-implied-eval': 'error'
};

export default defineConfig(
  globalIgnores(['build/', 'lib/']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname }
    },
    rules: noMarkup
  },
  {
    files: ['test/**/*.ts'],
    // `test()` of node:test returns a promise that its runner waits for.
    rules: { '@typescript-eslint/no-floating-promises': 'off' }
  },
  {
    files: ['**/*.mjs'],
    languageOptions: { globals: { URL: 'readonly', console: 'readonly' } }
  }
);

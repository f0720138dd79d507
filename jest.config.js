// Unit tests stand beside the code; tests across rooms stand in test/. Temporal, zod and hono are ESM-friendly only in ESM mode.
/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }] },
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/\\.tminus/', '/\\.lab/'],
  modulePathIgnorePatterns: ['/\\.tminus/', '/\\.lab/'],
  maxWorkers: 2,
  // Tests that start processes take a second on an idle machine, and over five on one that builds the lab's tools besides.
  testTimeout: 30_000,
};

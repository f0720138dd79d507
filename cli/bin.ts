#!/usr/bin/env node
// Enables the compile cache, which halves the start time, then loads the program. The cache is executed, so it is in the user's own folder;
// the processes of `dev` inherit it from the environment.
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

const { HOME, XDG_CACHE_HOME = HOME && join(HOME, '.cache') } = process.env;
if (XDG_CACHE_HOME) process.env['NODE_COMPILE_CACHE'] ??= join(XDG_CACHE_HOME, 'tminus/compiled');
if (process.env['NODE_COMPILE_CACHE']) enableCompileCache();
const { run } = await import('./program.ts');
await run(process.argv.slice(2));

#!/usr/bin/env node
// Code that was compiled once need not be compiled again: it halves the time to the first line. In the user's own folder, for what lies
// there is executed; the processes that `dev` starts find it in their environment.
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

const { HOME, XDG_CACHE_HOME = HOME && join(HOME, '.cache') } = process.env;
if (XDG_CACHE_HOME) process.env['NODE_COMPILE_CACHE'] ??= join(XDG_CACHE_HOME, 'tminus/compiled');
if (process.env['NODE_COMPILE_CACHE']) enableCompileCache();
await import('./run.ts');

#!/usr/bin/env node
import { EXIT } from './exit-codes.ts';
import { main } from './program.ts';

const argv = process.argv.slice(2);
// `dev` stops its parts in order on Ctrl-C; every other verb just ends.
if (argv[0] !== 'dev') process.once('SIGINT', () => process.exit(EXIT.interrupted));
// A reader that closes the pipe early (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.unexpected));
process.exitCode = await main(argv);

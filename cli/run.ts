// One run of the command line: its arguments in, its exit code out.
import { EXIT } from './exit-codes.ts';
import { CliFailure } from './failure.ts';
import { printFailure } from './output.ts';
import { askedFormat, isStream, main } from './program.ts';

const argv = process.argv.slice(2);
// `dev` stops its parts in order on Ctrl-C; every other verb just ends.
if (!argv.includes('dev')) {
  process.once('SIGINT', () => {
    const failure = new CliFailure(
      'Interrupted',
      'interrupted',
      'the request may still take effect; tminus status shows it',
      EXIT.interrupted,
    );
    if (askedFormat(argv) !== 'text') printFailure(askedFormat(argv), failure, { line: isStream(argv) });
    process.exit(EXIT.interrupted);
  });
}
// A reader that closes the pipe early (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.unexpected));
process.exitCode = await main(argv);

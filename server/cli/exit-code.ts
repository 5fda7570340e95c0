/** The table of exit codes. `wazir --help` prints it; scripts rely on it. */

export const ExitCode = {
  ok: 0,
  refused: 1,
  usage: 2,
  unreachable: 3,
  dataDirectory: 4,
  address: 5,
  file: 6,
  backup: 7,
  findings: 8,
  internal: 70,
  interrupted: 130,
  brokenPipe: 141,
  terminated: 143,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** 128 and the number of the signal, as shells have it. */
export const signalExitCodes = { SIGINT: ExitCode.interrupted, SIGTERM: ExitCode.terminated } as const;

/** What each code means, in the order of the codes. */
export const exitCodeMeanings: readonly (readonly [code: ExitCode, meaning: string])[] = [
  [ExitCode.ok, 'done'],
  [ExitCode.refused, 'the server refused; the message names what and why'],
  [ExitCode.usage, 'wrong usage: an option, an argument, the configuration or a study file'],
  [ExitCode.unreachable, 'no server answers there, or it is not ready'],
  [ExitCode.dataDirectory, 'the data directory can not be used: in use, damaged or not Wazir’s'],
  [ExitCode.address, 'an address can not be listened on'],
  [ExitCode.file, 'a file can not be read or written'],
  [ExitCode.backup, 'a backup is damaged, incomplete or of a later release: nothing was restored'],
  [ExitCode.findings, 'doctor has found something wrong with a data directory'],
  [ExitCode.internal, 'a bug in Wazir'],
  [ExitCode.interrupted, 'ended by SIGINT'],
  [ExitCode.brokenPipe, 'the reader of the output went away'],
  [ExitCode.terminated, 'ended by SIGTERM; a server that closed in order ends with 0'],
];

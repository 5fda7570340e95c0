/** The side of a measured process that answers the one that measures. */
import { beginProfile, type ProfileKind, type RunningProfile } from './profile/record.js';

/** What the measuring process asks. */
export type Question =
  | { readonly kind: 'cpu' }
  | { readonly kind: 'memory' }
  /** Begins a profile; */
  | { readonly kind: 'profile'; readonly of: ProfileKind }
  /** … ends it and writes it to a file. */
  | { readonly kind: 'profiled'; readonly file: string }
  | { readonly kind: 'close' }
  /** Only the echo: what it answers from now on to calls of a method; base64. */
  | { readonly kind: 'answer'; readonly path: string; readonly answer: string }
  /** Only the echo: how many requests it has answered. */
  | { readonly kind: 'count' };

/** What the measured process says: first its port, then one answer to each question. */
export type Said =
  | { readonly port: number }
  | { readonly cpuMicros: number }
  | { readonly residentBytes: number }
  | { readonly answered: number }
  | { readonly done: true };

export interface Served {
  readonly port: number;
  close(): Promise<void>;
  answer?(path: string, answer: Buffer): void;
  answered?(): number;
}

/** Tells the port and answers until told to close, or until the measuring process is gone. */
export function answerQuestions(served: Served): void {
  const say = (said: Said) => process.send?.(said);
  let profile: Promise<RunningProfile> | undefined;
  process.on('disconnect', () => process.exit(1));
  process.on('message', (question: Question) => {
    switch (question.kind) {
      case 'cpu': {
        // Of all threads: what the store's threads do is the server's cost too.
        const { user, system } = process.cpuUsage();
        say({ cpuMicros: user + system });
        return;
      }
      case 'memory':
        say({ residentBytes: process.memoryUsage.rss() });
        return;
      case 'profile':
        profile = beginProfile(question.of);
        void profile.then(() => say({ done: true }));
        return;
      case 'profiled':
        void profile!.then((running) => running.end(question.file)).then(() => say({ done: true }));
        return;
      case 'count':
        say({ answered: served.answered?.() ?? 0 });
        return;
      case 'answer':
        served.answer?.(question.path, Buffer.from(question.answer, 'base64'));
        say({ done: true });
        return;
      case 'close':
        void served.close().then(() => {
          process.removeAllListeners('disconnect');
          process.disconnect();
        });
    }
  });
  say({ port: served.port });
}

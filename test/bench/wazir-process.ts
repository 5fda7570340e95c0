/** The server under test, as it is shipped. Argument: an empty data directory. */
import { startServer } from '../../server/app.js';
import { createLogger } from '../../server/logger.js';
import { answerQuestions } from './serving.js';

const server = await startServer({
  listen: ['127.0.0.1:0'],
  dataDir: process.argv[2]!,
  logger: createLogger({ level: 'warn' }),
});
const port = Number(server.addresses[0]!.split(':').at(-1));
answerQuestions({ port, close: () => server.close() });

/** `wazir.v1.AdminService`: check, call, answer. */
import { Backups } from '../engine/backup.js';
import type { Engine } from '../engine/engine.js';
import type { AdminServiceServer } from '../gen/wazir/v1/admin.js';
import { serverStream, type HandlerParts } from './handler.js';

export function adminService(engine: Engine, parts: HandlerParts): AdminServiceServer {
  const backups = new Backups(engine);
  return {
    backup: serverStream(parts, async function* (_, { signal }) {
      for await (const data of backups.run(signal)) yield { data };
    }),
  };
}

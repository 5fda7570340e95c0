/** Every mutating request may carry an id; what is wrong with one is said before anything else. */
import { invalid } from '../domain/errors.js';
import { requestIdFault } from '../engine/request-log.js';

export function checkRequestId({ requestId }: { readonly requestId: string }): void {
  const fault = requestIdFault(requestId);
  if (fault !== undefined) throw invalid('request_id', fault);
}

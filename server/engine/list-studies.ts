/** Lists an owner's studies. */
import { WazirError } from '../domain/errors.js';
import {
  type ListStudiesRequest,
  type ListStudiesResponse,
  Study as StudyMessage,
} from '../gen/wazir/v1/study.js';
import { keys } from '../store/keys.js';
import type { Engine } from './engine.js';
import { Page } from './page.js';
import { pageSize, type PageTokens } from './page-token.js';
import { getStudy } from './queries.js';

export async function listStudies(
  engine: Engine,
  owner: string,
  request: ListStudiesRequest,
  tokens: PageTokens,
): Promise<ListStudiesResponse> {
  const size = pageSize(request.pageSize, 50, 1000);
  const scope = ['studies', owner];
  const cursor = tokens.read(scope, request.pageToken);
  const range = {
    ...keys.namesOf(owner),
    ...(cursor === undefined ? {} : { gt: keys.name(owner, cursor) }),
  };
  const page = new Page<StudyMessage>(size);
  const studies = page.entries;
  let last = '';
  for await (const [key] of engine.store.iterate(range)) {
    if (studies.length === size) return { studies, nextPageToken: tokens.after(scope, last) };
    const id = key.slice(keys.name(owner, '').length);
    const study = await read(engine, { owner, study: id });
    if (study && !page.add(study, StudyMessage.encode(study).finish().length))
      return { studies, nextPageToken: tokens.after(scope, last) };
    last = id;
  }
  return { studies, nextPageToken: '' };
}

/** A study that is deleted while the list is made is left out. */
async function read(engine: Engine, name: Parameters<Engine['study']>[0]): Promise<StudyMessage | undefined> {
  try {
    return await getStudy(await engine.study(name));
  } catch (error) {
    if (error instanceof WazirError && error.reason === 'STUDY_NOT_FOUND') return undefined;
    throw error;
  }
}

/** A client that knows nothing but the address learns the contract from the server, and then uses it. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  Client,
  credentials,
  loadPackageDefinition,
  type ClientDuplexStream,
  type GrpcObject,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer, loadSync } from '@grpc/proto-loader';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { owner } from '../rpc/study-requests.js';
import { startTestServer, type TestServer } from './test-server.js';

interface Answer {
  readonly list_services_response?: { readonly service: readonly { readonly name: string }[] };
  readonly file_descriptor_response?: { readonly file_descriptor_proto: readonly Buffer[] };
  readonly error_response?: { readonly error_code: number };
}

type Stream = ClientDuplexStream<object, Answer>;

const options = { 'grpc.use_local_subchannel_pool': 1 };

/** Asks one question on a stream of its own. */
async function ask(
  t: TestContext,
  { address }: TestServer,
  version: string,
  question: object,
): Promise<Answer> {
  const packageFolder = dirname(createRequire(import.meta.url).resolve('@grpc/reflection/package.json'));
  const proto = join(packageFolder, 'build/proto/grpc/reflection', version, 'reflection.proto');
  const loaded = loadPackageDefinition(loadSync(proto, { keepCase: true }));
  const reflection = (loaded['grpc'] as GrpcObject)['reflection'] as GrpcObject;
  const Reflection = (reflection[version] as GrpcObject)['ServerReflection'] as ServiceClientConstructor;
  const client = new Reflection(address, credentials.createInsecure(), options);
  t.after(() => client.close());
  const stream = (client['ServerReflectionInfo'] as () => Stream).call(client);
  stream.write(question);
  stream.end();
  for await (const answer of stream as AsyncIterable<Answer>) return answer;
  throw new Error('no answer');
}

/** Names of the files that a FileDescriptorProto depends on (field 3), and its own (field 1). */
function fileOf(bytes: Uint8Array): { name: string; dependencies: string[] } {
  const reader = new BinaryReader(bytes);
  const file = { name: '', dependencies: [] as string[] };
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) file.name = reader.string();
    else if (field === 3) file.dependencies.push(reader.string());
    else reader.skip(wireType, field);
  }
  return file;
}

test('every service is listed, in both versions of reflection', async (t) => {
  const server = await startTestServer(t);
  for (const version of ['v1', 'v1alpha']) {
    const { list_services_response: list } = await ask(t, server, version, { list_services: '' });
    const names = list!.service.map(({ name }) => name);
    for (const service of ['StudyService', 'TrialService', 'MeasurementService'])
      assert.ok(names.includes(`wazir.v1.${service}`), `${service} in ${names.join()}`);
  }
});

test('from a symbol to its file, to a client made of it, to a study', async (t) => {
  const server = await startTestServer(t);
  const files = new Map<string, Buffer>();
  const take = async (question: object): Promise<void> => {
    const { file_descriptor_response: response } = await ask(t, server, 'v1', question);
    for (const bytes of response!.file_descriptor_proto) {
      const { name, dependencies } = fileOf(bytes);
      if (files.has(name)) continue;
      files.set(name, bytes);
      for (const dependency of dependencies)
        if (!files.has(dependency)) await take({ file_by_filename: dependency });
    }
  };
  for (const symbol of [
    'wazir.v1.StudyService',
    'wazir.v1.MeasurementService.StreamMeasurements',
    'wazir.v1.Trial',
  ])
    await take({ file_containing_symbol: symbol });

  const set = new BinaryWriter();
  for (const bytes of files.values()) set.uint32(10).bytes(bytes);
  const learnt = loadPackageDefinition(
    loadFileDescriptorSetFromBuffer(Buffer.from(set.finish()), { keepCase: true, longs: Number }),
  );
  const contract = (learnt['wazir'] as GrpcObject)['v1'] as GrpcObject;
  const StudyService = contract['StudyService'] as ServiceClientConstructor;
  assert.deepEqual(Object.keys(StudyService.service).sort(), [
    'CreateStudy',
    'DeleteStudy',
    'GetStudy',
    'ListAlgorithms',
    'ListOptimalTrials',
    'ListStudies',
    'UpdateStudy',
    'WatchStudy',
  ]);
  const client: Client = new StudyService(server.address, credentials.createInsecure(), options);
  t.after(() => client.close());
  const { CreateStudy: method } = StudyService.service;
  const study = await new Promise<{ name: string; spec: { seed: number } }>((resolve, reject) =>
    client.makeUnaryRequest(
      method!.path,
      method!.requestSerialize as (request: object) => Buffer,
      method!.responseDeserialize as (bytes: Buffer) => { name: string; spec: { seed: number } },
      {
        parent: owner,
        study_id: 'learnt',
        study: {
          spec: {
            parameters: [{ name: 'x', double: { max: 1 } }],
            metrics: [{ name: 'loss', goal: 'METRIC_GOAL_MINIMIZE' }],
            seed: 77,
          },
        },
      },
      (error, response) => (error ? reject(error) : resolve(response!)),
    ),
  );
  assert.equal(study.name, `${owner}/studies/learnt`);
  assert.equal((await server.client.getStudy({ name: study.name })).spec!.seed, 77);
});

test('a symbol that is not there is NOT_FOUND', async (t) => {
  const server = await startTestServer(t);
  const { error_response: error } = await ask(t, server, 'v1', {
    file_containing_symbol: 'wazir.v1.Nothing',
  });
  assert.equal(error!.error_code, 5);
});

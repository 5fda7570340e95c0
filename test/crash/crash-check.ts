/**
 * Holds a server that was opened again to a ledger: what was acknowledged is
 * there and is answered again as before; what was not is there whole or not at
 * all, and a retry finds out; and every invariant holds.
 */
import type { TestClient } from '../test-client.js';
import { EffectCheck, numberOf } from './check-effects.js';
import { checkHistory } from './check-history.js';
import { RankCheck } from './check-ranks.js';
import { checkReports, readReports } from './check-reports.js';
import { checkStudy } from './check-study.js';
import type { Findings } from './findings.js';
import { HandOuts } from './hand-outs.js';
import { LedgerReader, type Entry, type Ledger } from './ledger.js';
import { readListing, type Listing } from './listing.js';
import { decodeRequest, type Connection } from './methods.js';
import { resendAcknowledged } from './resend.js';
import { resolveOpen } from './resolve-open.js';
import type { Random } from './random.js';

/** Calls and trials of earlier lives that are looked at once more in each. */
const olderResends = 100;
const olderTrials = 15;

export class CrashCheck {
  readonly #reader: LedgerReader;
  readonly #handOuts: HandOuts;
  readonly #ranks: RankCheck;
  /** Calls of which something is to be seen, by uid of their study; without one, by ''. */
  readonly #byStudy = new Map<string, Set<Entry>>();
  readonly #deletions: Entry[] = [];
  #before: Listing = new Map();
  /** Calls whose outcome was open, and that a retry has settled. */
  settled = 0;

  constructor(
    private readonly findings: Findings,
    private readonly ledger: Ledger,
  ) {
    this.#reader = new LedgerReader(ledger.path);
    this.#handOuts = new HandOuts(findings);
    this.#ranks = new RankCheck(findings, (uid, trial, rung) => this.#handOuts.firstLent(uid, trial, rung));
  }

  get promotions(): number {
    return this.#ranks.promotions;
  }

  /** How many calls ended how, by method: a load that gets nothing but refusals shows nothing. */
  get calls(): ReadonlyMap<string, number> {
    const calls = new Map<string, number>();
    for (const { method, outcome } of this.#reader.entries.values()) {
      const how = `${method} ${outcome.kind === 'refused' ? outcome.reason : outcome.kind}`;
      calls.set(how, (calls.get(how) ?? 0) + 1);
    }
    return calls;
  }

  get expiries(): number {
    return this.#handOuts.expiries;
  }

  get handOuts(): number {
    return this.#handOuts.count;
  }

  /** @returns what is there now */
  async check(client: TestClient, connection: Connection, random: Random): Promise<Listing> {
    const { findings, ledger } = this;
    const recent = this.#take();
    const found = await readListing(client);
    for (const study of found.values()) checkStudy(findings, study);
    this.#compare(found);

    const open = recent.filter(({ outcome }) => outcome.kind === 'open');
    this.settled += await resolveOpen({ findings, ledger, client, connection, found, open });
    // Their answers are in the ledger now.
    this.#take();
    const acknowledged = [...recent, ...this.#sample(random, olderResends)].filter(
      ({ outcome }) => outcome.kind === 'ok',
    );
    const listing = await readListing(client);
    await resendAcknowledged({ findings, connection, listing, acknowledged });
    for (const study of listing.values()) {
      checkStudy(findings, study);
      this.#handOuts.check(study);
      this.#ranks.check(study);
    }
    this.#compare(listing);
    this.#checkEffects(listing);
    await this.#checkReports(client, listing, recent, random);
    this.#forget(listing);
    return listing;
  }

  close(): void {
    this.#reader.close();
  }

  #take(): Entry[] {
    const recent = this.#reader.read();
    for (const entry of recent) {
      this.#handOuts.take(entry);
      if (entry.method === 'deleteStudy') this.#deletions.push(entry);
      const entries = this.#byStudy.get(entry.uid) ?? new Set();
      this.#byStudy.set(entry.uid, entries.add(entry));
    }
    this.#handOuts.checkFences();
    return recent;
  }

  #compare(listing: Listing): void {
    for (const [uid, study] of listing) {
      const before = this.#before.get(uid);
      if (before) checkHistory(this.findings, before, study);
    }
    this.#before = listing;
  }

  #checkEffects(listing: Listing): void {
    const effects = new EffectCheck(this.findings, listing, (uid, name) => this.#mayBeDeleted(uid, name));
    for (const entries of this.#byStudy.values()) for (const entry of entries) effects.check(entry);
    effects.finish();
  }

  #mayBeDeleted(uid: string, name: string): boolean {
    return this.#deletions.some(
      (entry) =>
        entry.outcome.kind !== 'refused' &&
        (entry.uid === uid || (entry.uid === '' && decodeRequest('deleteStudy', entry.body).name === name)),
    );
  }

  async #checkReports(
    client: TestClient,
    listing: Listing,
    recent: readonly Entry[],
    random: Random,
  ): Promise<void> {
    const touched = new Set(recent.filter(({ method }) => method === 'reportMeasurement').map(trialOf));
    for (const [uid, study] of listing) {
      const byTrial = new Map<string, Entry[]>();
      for (const entry of this.#byStudy.get(uid) ?? []) {
        if (entry.method !== 'reportMeasurement') continue;
        const trial = trialOf(entry);
        const entries = byTrial.get(trial);
        if (entries) entries.push(entry);
        else byTrial.set(trial, [entry]);
      }
      const older = [...byTrial.keys()].filter((trial) => !touched.has(trial));
      for (let i = 0; i < olderTrials && older.length > 0; i++) touched.add(random.pick(older)!);
      for (const [trial, entries] of byTrial) {
        const number = numberOf(trial);
        if (!touched.has(trial) || !study.trials.has(number)) continue;
        const reported = await readReports(client, `${study.study.name}/trials/${number}`);
        checkReports(this.findings, study, entries, reported);
      }
    }
  }

  #sample(random: Random, count: number): Entry[] {
    const all = [...this.#before.keys(), ''].flatMap((uid) => [...(this.#byStudy.get(uid) ?? [])]);
    return all.length === 0 ? [] : Array.from({ length: count }, () => random.pick(all)!);
  }

  /** Of studies that are gone, and whose deletion was seen, nothing is to be found any more. */
  #forget(listing: Listing): void {
    for (const uid of this.#byStudy.keys()) if (uid !== '' && !listing.has(uid)) this.#byStudy.delete(uid);
  }
}

function trialOf(entry: Entry): string {
  return `${entry.uid}/${decodeRequest('reportMeasurement', entry.body).trial}`;
}

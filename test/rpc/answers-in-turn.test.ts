import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AnswersInTurn } from '../../server/rpc/answers-in-turn.js';

interface Answer {
  readonly id: number;
}

/** A stream that has enough after so many answers, until it is emptied. */
class Stream extends EventEmitter {
  readonly written: number[] = [];
  #room: number;

  constructor(private readonly takes = Infinity) {
    super();
    this.#room = takes;
  }

  write({ id }: Answer): boolean {
    assert.ok(this.#room > 0, 'nothing is written to a stream that is full');
    this.written.push(id);
    return --this.#room > 0;
  }

  empty(): void {
    this.#room = this.takes;
    this.emit('drain');
  }
}

describe('AnswersInTurn', () => {
  it('writes in the order of the turns, whichever answer is known first', () => {
    const order = fc.shuffledSubarray([...Array(200).keys()], { minLength: 200 });
    fc.assert(
      fc.property(order, (known) => {
        const stream = new Stream();
        const answers = new AnswersInTurn<Answer>(stream);
        const turns = known.map(() => answers.add());
        for (const id of known) turns[id]!.give({ id });
        assert.deepEqual(stream.written, [...known.keys()]);
      }),
    );
  });

  it('writes nothing to a stream that is full, and goes on where it stopped', () => {
    const stream = new Stream(3);
    const answers = new AnswersInTurn<Answer>(stream);
    let taken = 0;
    for (let id = 0; id < 500; id++) answers.add(() => taken++).give({ id });
    assert.deepEqual([stream.written.length, taken], [3, 3]);
    while (stream.written.length < 500) stream.empty();
    assert.deepEqual(stream.written, [...Array(500).keys()]);
    assert.equal(taken, 500);
    assert.equal(stream.listenerCount('drain'), 0);
  });

  it('makes an answer when its turn comes, and does what is to be done in between', () => {
    const stream = new Stream();
    const answers = new AnswersInTurn<Answer>(stream);
    const first = answers.add();
    let newest = 7;
    answers.add().give(() => ({ id: newest }));
    let written: number[] | undefined;
    answers.thenDo(() => {
      written = [...stream.written];
      answers.add().give({ id: 9 });
    });
    answers.add().give({ id: 8 });
    newest = 17;
    assert.deepEqual([stream.written, written], [[], undefined]);
    first.give({ id: 1 });
    assert.deepEqual(written, [1, 17]);
    assert.deepEqual(stream.written, [1, 17, 8, 9]);
  });

  it('writes nothing once it has ended, not even what an end among the answers leaves', () => {
    const stream = new Stream();
    const answers = new AnswersInTurn<Answer>(stream);
    const late = answers.add();
    answers.add().give({ id: 2 });
    answers.thenDo(() => answers.end());
    answers.add().give({ id: 3 });
    late.give({ id: 1 });
    answers.add().give({ id: 4 });
    assert.deepEqual(stream.written, [1, 2]);
  });
});

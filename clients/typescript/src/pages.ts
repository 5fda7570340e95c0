/** The items of all pages of a list, each page asked for when the one before is used up. */
export async function* pages<Page extends { nextPageToken: string }, Item>(
  ask: (pageToken: string) => Promise<Page>,
  items: (page: Page) => readonly Item[],
): AsyncGenerator<Item, void, undefined> {
  let token = '';
  do {
    const page = await ask(token);
    yield* items(page);
    token = page.nextPageToken;
  } while (token !== '');
}

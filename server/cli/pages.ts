/** Walks through all pages of a list, holding one at a time. */
export async function* eachPage<P extends { readonly nextPageToken: string }>(
  fetch: (pageToken: string) => Promise<P>,
): AsyncGenerator<P> {
  let pageToken = '';
  do {
    const page = await fetch(pageToken);
    yield page;
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
}

// Uses the API through a client whose types openapi-typescript made of its document.
//
// tsc checks it first, strictly: what the document doesn't promise can't be read here.
// Arguments: the address, a librarian's email and the password.

import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./library.js"; // of openapi-typescript

type Api = Client<paths>;
type Failure = components["schemas"]["Error"];
type Answer<T> = { data?: T; error?: Failure; response: Response };

declare const process: { argv: string[] };

const ISBN = "9780306406157";

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

/** Return the body of an answer that must have one. */
function body<T>(answer: Answer<T>): T {
  const { data, error, response } = answer;
  check(data !== undefined, `${response.status}: ${JSON.stringify(error)}`);
  return data;
}

function refused(answer: Answer<unknown>, status: number, code: string) {
  const codes = answer.error?.errors.map((each) => each.code);
  const same = answer.response.status === status && codes?.join() === code;
  check(same, `${answer.response.status} ${codes}, not ${status} ${code}`);
}

function client(baseUrl: string, token?: string): Api {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  return createClient<paths>({ baseUrl, headers });
}

async function logIn(url: string, email: string, password: string) {
  const sent = { body: { email, password } };
  return body(await client(url).POST("/api/v1/auth/login", sent));
}

/** Read all books, page by page, by place and by number. */
async function readTheLists(api: Api) {
  const ids: number[] = [];
  for (let after: number | "" = ""; ; ) {
    const query = { after: String(after), page_size: 500 };
    const page = body(await api.GET("/api/v1/books", { params: { query } }));
    ids.push(...page.results.map((book) => book.book_id));
    if (page.next === null) {
      check(new Set(ids).size === page.count, "a book is missing, or came twice");
      break;
    }
    after = ids[ids.length - 1] ?? "";
  }
  const query = { page: 2, page_size: 500 };
  const second = body(await api.GET("/api/v1/books", { params: { query } }));
  const same = second.results.map((book) => book.book_id).join();
  check(same === ids.slice(500).join(), "the second page is another");
  check(second.next === null && second.previous !== null, "links of the last page");
}

/** Add a tag and a book, change it, lend it, take it back, and remove both. */
async function write(api: Api) {
  const tag = body(await api.POST("/api/v1/tags", { body: { name: "Typed" } }));
  const sent = {
    isbn: ISBN,
    title: "A typed book",
    author: "Ada Author",
    publisher: "A press",
    stock: 1,
    published_at: "2020-01-31",
    tags: [tag.tag_id],
  };
  const added = await api.POST("/api/v1/books", { body: sent });
  const { book_id } = body(added);
  refused(await api.POST("/api/v1/books", { body: sent }), 400, "unique");
  const path = { book_id };
  const change = { params: { path }, body: { title: "A changed book" } };
  body(await api.PATCH("/api/v1/books/{book_id}", change));
  const shown = body(await api.GET("/api/v1/books/{book_id}", { params: { path } }));
  check(shown.title === "A changed book", "the change is not shown");
  check(shown.publisher === "A press", "PATCH sent what was not changed");
  check(shown.tags[0]?.name === "Typed", "the tag is not shown");
  await lend(api, book_id);
  const gone = await api.DELETE("/api/v1/books/{book_id}", { params: { path } });
  check(gone.response.status === 204, "the book is not deleted");
  refused(await api.GET("/api/v1/books/{book_id}", { params: { path } }), 404, "not_found");
}

async function lend(api: Api, book_id: number) {
  const loan = body(await api.POST("/api/v1/loans", { body: { book_id } }));
  check(loan.quantity === 1 && loan.returned_at === null, "the loan is another");
  refused(await api.POST("/api/v1/loans", { body: { book_id } }), 409, "conflict");
  const params = { path: { loan_id: loan.loan_id } };
  const back = { params, body: { is_returned: true as const } };
  const returned = body(await api.PATCH("/api/v1/loans/{loan_id}", back));
  check(returned.returned_at !== null, "the loan has no end");
}

/** Register, renew the tokens, change the password, and log out. */
async function comeAndGo(url: string) {
  const email = "typed@example.com";
  const password = "a long unlikely phrase";
  const who = { username: "typed", email, password };
  const { user_id } = body(await client(url).POST("/api/v1/users", { body: who }));
  const { refresh_token } = await logIn(url, email, password);
  const sent = { body: { refresh_token } };
  const tokens = body(await client(url).POST("/api/v1/token/refresh", sent));
  const reader = client(url, tokens.access_token);
  const params = { path: { user_id } };
  const me = body(await reader.GET("/api/v1/users/{user_id}", { params }));
  check(me.email === email, "the account is another");
  const change = { body: { password, new_password: `${password}!` } };
  const renewed = body(await reader.POST("/api/v1/auth/password", change));
  const last = client(url, renewed.access_token);
  const out = await last.POST("/api/v1/auth/logout-all");
  check(out.response.status === 204, "not logged out");
}

async function main() {
  const [url = "", email = "", password = ""] = process.argv.slice(2);
  const health = await client(url).GET("/api/v1/common/health-check");
  check(health.data?.status === "ok", "not healthy");
  const { access_token } = await logIn(url, email, password);
  const api = client(url, access_token);
  await readTheLists(api);
  await write(api);
  await comeAndGo(url);
  refused(await client(url, "none").GET("/api/v1/users"), 401, "authentication_failed");
}

await main();

/** What the store tells; pino's loggers fit. */
export interface StoreLogger {
  info(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

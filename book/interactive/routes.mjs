export function routes() {}

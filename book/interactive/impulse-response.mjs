export function impulseResponse() {}

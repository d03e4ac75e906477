export function settle() {}

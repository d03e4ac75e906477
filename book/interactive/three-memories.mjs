export function threeMemories() {}

/** Searching a tree of attributes. */
import type { Attribute } from '../../api/client';

/** The attributes that have the text in name, keyword, tag or value, or below them one that has. */
export function matching(attributes: readonly Attribute[], wanted: string): Attribute[] {
  const needle = wanted.trim().toLowerCase();
  if (!needle) return [...attributes];
  return attributes.flatMap((attribute) => {
    const bare = attribute.tag.replace(/[(),]/g, '').toLowerCase();
    const own = [attribute.name, attribute.keyword, attribute.tag, bare, attribute.value];
    if (own.some((text) => text.toLowerCase().includes(needle))) return [attribute];
    const items = attribute.items?.map((item) => matching(item, needle)) ?? [];
    return items.some((item) => item.length > 0) ? [{ ...attribute, items }] : [];
  });
}

// What the panels share of the document: elements that index.html must have, others that are made,
// and how they are written to.

export function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no #${id}`);
  return found;
}

/** Of this kind, with these properties and all of this inside. */
export function made<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]>,
  ...inside: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...inside);
  return element;
}

/** Writes only what differs, so that the browser has nothing to do. */
export function set<Of, Key extends keyof Of>(of: Of, key: Key, value: Of[Key]): void {
  if (of[key] !== value) of[key] = value;
}

export function set_text(id: string, value: string): void {
  set(element(id), 'textContent', value);
}

/** A line that is there only while it says something. */
export function set_note(id: string, value: string): void {
  set_text(id, value);
  set(element(id), 'hidden', value === '');
}

export function on_choice(name: string, chosen: (value: string) => void): void {
  for (const input of document.querySelectorAll<HTMLInputElement>(`input[name="${name}"]`)) {
    // A browser may restore an old choice when the page is reloaded; the view starts afresh.
    input.checked = input.defaultChecked;
    input.addEventListener('change', () => {
      if (input.checked) chosen(input.value);
    });
  }
}

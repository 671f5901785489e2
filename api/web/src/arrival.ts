// The keyboard goes along with the page: to the heading of what has just appeared.

import type { RefObject } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** Return the place of what, once it stands on the page, takes the focus and is scrolled to. */
export function useArrival<Place extends HTMLElement>(wanted = true): RefObject<Place | null> {
  const place = useRef<Place>(null);
  useEffect(() => {
    if (wanted) place.current?.focus();
  }, []);
  return place;
}

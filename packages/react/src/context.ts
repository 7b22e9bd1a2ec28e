"use client";
/** The client that the hooks below it work with. */
import type { Documents } from "@verso/client";
import type { BindingClient, RegisteredKinds } from "@verso/client/binding";
import { createContext, createElement, type ReactNode, useContext } from "react";

export interface VersoProps {
  /** Made once, outside of any component. It stays open when this is unmounted: close it where it was made. */
  readonly client: BindingClient;
  readonly children?: ReactNode;
}

const Context = createContext<BindingClient | null>(null);

/** Gives everything in it a client. */
export function Verso({ client, children }: VersoProps): ReactNode {
  return createElement(Context.Provider, { value: client }, children);
}

/** The client of the nearest `Verso`. */
export function useVerso(): Documents<RegisteredKinds> {
  const client = useContext(Context);
  if (client === null) throw new Error("There is no <Verso> around this.");
  // Of the kinds that the application says it has registered.
  return client as unknown as Documents<RegisteredKinds>;
}

/** What the page of routing reads and changes. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { readServer } from '../../api/client';
import {
  changeRule,
  createRule,
  deleteRule,
  type NewRule,
  type Rule,
  type RuleMatch,
  readDestinations,
  readRules,
  tryRule,
} from '../../api/routing';
import { showFailure, toasts } from '../../ui/toasts';

const RULES = ['routing-rules'];

export const useRules = () =>
  useQuery({
    queryKey: RULES,
    queryFn: ({ signal }) => readRules(signal),
    refetchInterval: 5000,
  });

export const useDestinations = () =>
  useQuery({
    queryKey: ['destinations'],
    queryFn: ({ signal }) => readDestinations(signal),
    select: ({ peers }) => peers,
  });

export const useServer = () =>
  useQuery({
    queryKey: ['server'],
    queryFn: ({ signal }) => readServer(signal),
    staleTime: 60_000,
  });

/** The studies here that a rule would have matched. */
export const useTrial = (match: RuleMatch, isWanted: boolean) =>
  useQuery({
    queryKey: ['routing-trial', match],
    queryFn: ({ signal }) => tryRule(match, signal),
    enabled: isWanted,
    placeholderData: keepPreviousData,
  });

const contentOf = (rule: NewRule): NewRule => ({
  name: rule.name,
  is_enabled: rule.is_enabled,
  when: rule.when,
  match: rule.match,
  destinations: rule.destinations,
  asks_commitment: rule.asks_commitment,
});

export function useSaveRule(id: string | undefined) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (rule: NewRule) => (id === undefined ? createRule(rule) : changeRule(id, rule)),
    onSettled: () => client.invalidateQueries({ queryKey: RULES }),
  });
}

export function useRuleActions() {
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: RULES });
  const run = async (what: string, action: () => Promise<void>) => {
    try {
      await action();
    } catch (error) {
      showFailure(what, error);
    } finally {
      await refresh();
    }
  };
  return {
    enable: (rule: Rule, is_enabled: boolean) =>
      void run('The rule was not changed', async () => {
        await changeRule(String(rule.id), { ...contentOf(rule), is_enabled });
      }),
    remove: (rule: Rule) =>
      void run('The rule was not deleted', async () => {
        await deleteRule(String(rule.id));
        toasts.show(`The rule “${rule.name}” is deleted.`, {
          action: {
            label: 'Undo',
            run: () =>
              void run('The rule did not come back', async () => {
                await createRule(contentOf(rule));
              }),
          },
        });
      }),
  };
}

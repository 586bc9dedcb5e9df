/** An association in the words of a person: how it ended, and what was said in it. */
import type { Association, AssociationMessage } from '../../api/associations';
import { counted } from '../../ui/bytes';
import type { Tone } from '../../ui/StateBadge';

/** The colour and sign of an outcome; an association may be released and still have gone wrong. */
export function toneOf({ outcome, is_ok }: Pick<Association, 'outcome' | 'is_ok'>): Tone {
  if (outcome === 'open') return is_ok ? 'busy' : 'warning';
  if (is_ok) return 'good';
  return outcome === 'released' ? 'warning' : 'bad';
}

/** How a status ends or does not end an operation (PS3.7 annex C). */
export function toneOfStatus(status: string): Tone {
  const code = status.toUpperCase();
  if (code === '0000') return 'good';
  if (code === '' || code.startsWith('FF')) return 'quiet';
  if (code === '0001' || code.startsWith('B') || code === '0107' || code === '0116') {
    return 'warning';
  }
  return code === 'FE00' ? 'quiet' : 'bad';
}

/** "212 × C-STORE, 3 of them failed", the operations in the order in which they came. */
export function saidIn(messages: readonly AssociationMessage[]): string {
  const names = [...new Set(messages.map((message) => message.name))];
  return names
    .map((name) => {
      const ofName = messages.filter((message) => message.name === name);
      const whole = sum(ofName.filter(({ status }) => !status.toUpperCase().startsWith('FF')));
      const bad = sum(ofName.filter(({ status }) => toneOfStatus(status) === 'bad'));
      const pending = sum(ofName.filter(({ status }) => status.toUpperCase().startsWith('FF')));
      const answers = pending > 0 ? ` (${counted(pending, 'answer')})` : '';
      const failed = bad === 0 ? '' : bad === whole ? ', failed' : `, ${bad} of them failed`;
      return `${whole > 1 ? `${whole} × ` : ''}${name}${answers}${failed}`;
    })
    .join('; ');
}

const sum = (messages: readonly AssociationMessage[]): number =>
  messages.reduce((total, message) => total + message.count, 0);

/** Who called whom, the peer by the name that people here gave it. */
export function partnersOf(association: Association): { from: string; to: string } {
  const { direction, peer, calling_ae_title, called_ae_title } = association;
  const named = (aeTitle: string) => (peer && peer !== aeTitle ? `${peer} (${aeTitle})` : aeTitle);
  return direction === 'in'
    ? { from: named(calling_ae_title) || 'no AE title', to: called_ae_title }
    : { from: calling_ae_title, to: named(called_ae_title) };
}

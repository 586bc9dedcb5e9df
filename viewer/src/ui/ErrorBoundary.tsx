import { Component, type ReactNode } from 'react';
import { Failure } from './Notice';

interface Props {
  title: string;
  children: ReactNode;
}

/** Keeps a fault in one part from taking the whole app away. */
export class ErrorBoundary extends Component<Props, { error: unknown }> {
  override state: { error: unknown } = { error: undefined };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === undefined) return this.props.children;
    return (
      <Failure
        title={this.props.title}
        error={this.state.error}
        onRetry={() => window.location.reload()}
      />
    );
  }
}

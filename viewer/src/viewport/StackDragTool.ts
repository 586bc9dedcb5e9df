/** Scrolls by dragging: the tool only tells how far, the stack decides which image that is. */
import { BaseTool, type Types } from '@cornerstonejs/tools';

type InteractionEvent = Types.EventTypes.InteractionEventType;

export class StackDragTool extends BaseTool {
  static override toolName = 'StackDrag';

  constructor(
    toolProps: Types.PublicToolProps = {},
    defaultToolProps: Types.ToolProps = {
      supportedInteractionTypes: ['Mouse', 'Touch'],
      configuration: { onDrag: undefined },
    },
  ) {
    super(toolProps, defaultToolProps);
  }

  mouseDragCallback(event: InteractionEvent): void {
    this.drag(event);
  }

  touchDragCallback(event: InteractionEvent): void {
    this.drag(event);
  }

  private drag(event: InteractionEvent): void {
    const onDrag = this.configuration.onDrag as ((pixels: number) => void) | undefined;
    onDrag?.(event.detail.deltaPoints.canvas[1]);
  }
}

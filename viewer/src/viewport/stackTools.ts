/** Which tool answers which mouse button and how many fingers. */
import { tools } from './cornerstone';
import type { DragTool } from './displayState';
import { StackDragTool } from './StackDragTool';

const NAMES: Record<DragTool, string> = {
  window: tools.WindowLevelTool.toolName,
  scroll: StackDragTool.toolName,
  zoom: tools.ZoomTool.toolName,
  pan: tools.PanTool.toolName,
};

/** Give a viewport its tools; the group has its identifier. */
export function createTools(
  viewportId: string,
  engineId: string,
  onDrag: (pixels: number) => void,
): void {
  const group = tools.ToolGroupManager.createToolGroup(viewportId);
  if (!group) return;
  for (const { toolName } of [tools.WindowLevelTool, tools.PanTool, tools.ZoomTool]) {
    group.addTool(toolName);
  }
  group.addTool(StackDragTool.toolName, { onDrag });
  group.addViewport(viewportId, engineId);
}

export function destroyTools(viewportId: string): void {
  tools.ToolGroupManager.destroyToolGroup(viewportId);
}

/** The chosen tool on the first button and one finger; moving and zooming always on the others. */
export function bindButtons(viewportId: string, chosen: DragTool): void {
  const group = tools.ToolGroupManager.getToolGroup(viewportId);
  if (!group) return;
  const { Primary, Secondary, Auxiliary } = tools.Enums.MouseBindings;
  const always: Partial<Record<DragTool, tools.Types.IToolBinding[]>> = {
    pan: [{ mouseButton: Auxiliary }],
    zoom: [{ mouseButton: Secondary }, { numTouchPoints: 2 }],
  };
  const all = Object.keys(NAMES) as DragTool[];
  for (const tool of all) group.setToolPassive(NAMES[tool], { removeAllBindings: true });
  for (const tool of all) {
    const bindings = [
      ...(always[tool] ?? []),
      ...(tool === chosen ? [{ mouseButton: Primary }, { numTouchPoints: 1 }] : []),
    ];
    if (bindings.length > 0) group.setToolActive(NAMES[tool], { bindings });
  }
}

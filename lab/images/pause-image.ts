// The pause image: what containerd runs first in every pod.
export const pauseImage = 'registry.local/pause:1';

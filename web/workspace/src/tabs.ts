// SPDX-License-Identifier: MIT
// Tabs of one browser hear each other also where no network is. They share the storage, so this is
// only the news of what was just put there; a tab that finds it lacks the past of it reads the
// storage again.

export interface News {
  /** An update blob. */
  bytes: Uint8Array;
  /** How many changes no other peer has. */
  alone: number;
}

export class Tabs {
  private readonly channel: BroadcastChannel;

  constructor(room: string, onNews: (news: News) => void) {
    this.channel = new BroadcastChannel(`lorikeet-${room}`);
    this.channel.onmessage = (event) => onNews(event.data as News);
  }

  tell(news: News): void {
    this.channel.postMessage(news);
  }
}

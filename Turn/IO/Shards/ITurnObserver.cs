using System.Net.Sockets;
using MediaRelay.Stun;

namespace MediaRelay.Turn.IO.Shards;

/// <summary>What shards tell the node about; called on their threads, so it must be quick. Tests put their own in place.</summary>
internal interface ITurnObserver
{
    void AllocationCreated(int shard, in RelayCommand command);

    void AllocationGone(int shard, in RelayCommand command);

    /// <summary>A request was refused; <paramref name="userName"/> as the client sent it, empty when it sent none.</summary>
    void Refused(in FiveTuple from, RelayOutcome outcome, ReadOnlySpan<byte> userName);

    /// <summary>Answers to sources that have proven nothing were withheld because there were too many; told at most every ten seconds.</summary>
    void Withheld(int shard, long count, TransportAddress newest);

    void PortFailed(int shard, TransportAddress address, SocketError error);

    void ShardFailed(int shard, Exception exception);
}

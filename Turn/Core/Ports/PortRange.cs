namespace MediaRelay.Turn.Ports;

/// <summary>Relay ports from first to last, both included.</summary>
public readonly record struct PortRange(ushort First, ushort Last)
{
    public int Count => Last - First + 1;

    /// <summary>The part of the range that belongs to one shard; pairs (even, odd) stay together.</summary>
    public PortRange ForShard(int shard, int shards)
    {
        var start = First + (First & 1);
        var pairs = (Last - start + 1) / 2;
        var from = start + (pairs * shard / shards * 2);
        var to = start + (pairs * (shard + 1) / shards * 2) - 1;
        return new PortRange(shard == 0 ? First : (ushort)from, shard == shards - 1 ? Last : (ushort)to);
    }
}

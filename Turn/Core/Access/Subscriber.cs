using MediaRelay.Turn.Limits;

namespace MediaRelay.Turn.Access;

/// <summary>The home or console behind one or more credentials; shares one bandwidth.</summary>
internal struct Subscriber
{
    public ulong Key;
    public uint Hash;
    public int Allocations;
    public TokenBucket ToPeer;
    public TokenBucket ToClient;
}

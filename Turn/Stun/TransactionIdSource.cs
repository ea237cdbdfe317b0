using System.Security.Cryptography;

namespace MediaRelay.Stun;

/// <summary>
/// Transaction ids for hot paths: draws random bytes for 64 ids at once, because one call of a cryptographic generator costs
/// about as much for 768 bytes as for 12. One owner; no allocation after construction.
/// </summary>
public sealed class TransactionIdSource(RandomNumberGenerator random)
{
    private readonly byte[] _bytes = new byte[64 * TransactionId.Length];
    private int _used = 64 * TransactionId.Length;

    public TransactionId Next()
    {
        if (_used == _bytes.Length)
        {
            random.GetBytes(_bytes.AsSpan());
            _used = 0;
        }

        var id = TransactionId.FromBytes(_bytes.AsSpan(_used));
        _used += TransactionId.Length;
        return id;
    }
}

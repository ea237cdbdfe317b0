using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using MediaRelay.Stun;
using MediaRelay.Turn.Requests;

namespace MediaRelay.Turn;

/// <summary>
/// Mobility (RFC 8016): a ticket lets a client keep its allocation when its address changes. A ticket is not stored; it carries shard,
/// position, allocation id and serial number under an HMAC. Data from the new path makes the move final.
/// </summary>
internal sealed class Mobility(RelayState state)
{
    /// <summary>The shard's number + 1, then 40 characters: coturn's client handles a ticket as a text that ends at a zero byte.</summary>
    public const int TicketLength = 41;

    private const int RawLength = 30;
    private const int BodyLength = 16;
    private static readonly TimeSpan OldTicketLife = TimeSpan.FromSeconds(30);

    private readonly Dictionary<int, Path> _paths = [];
    private readonly Dictionary<FiveTuple, int> _pending = [];

    public enum TicketState
    {
        Invalid,
        Gone,
        Known,
    }

    public void Begin(int position) => _paths[position] = new Path { Serial = 1 };

    public void WriteTicket(int position, Span<byte> ticket)
    {
        if (ticket.Length != TicketLength)
        {
            return;
        }

        Span<byte> raw = stackalloc byte[RawLength];
        BinaryPrimitives.WriteInt32BigEndian(raw, position);
        BinaryPrimitives.WriteInt64BigEndian(raw[4..], state.Allocations[position].Id);
        BinaryPrimitives.WriteUInt32BigEndian(raw[12..], _paths[position].Serial);
        WriteProof(raw[..BodyLength], raw[BodyLength..]);
        ticket[0] = (byte)(state.Settings.Shard + 1);
        _ = Base64.EncodeToUtf8(raw, ticket[1..], out _, out _);
    }

    /// <summary>Reads a ticket; the position counts only for <see cref="TicketState.Known"/>.</summary>
    public TicketState Read(ReadOnlySpan<byte> ticket, out int position, out uint serial)
    {
        position = -1;
        serial = 0;
        Span<byte> raw = stackalloc byte[RawLength];
        Span<byte> proof = stackalloc byte[RawLength - BodyLength];
        if (ticket.Length != TicketLength || ticket[0] != state.Settings.Shard + 1
            || Base64.DecodeFromUtf8(ticket[1..], raw, out _, out var written) != OperationStatus.Done || written != RawLength)
        {
            return TicketState.Invalid;
        }

        WriteProof(raw[..BodyLength], proof);
        if (!CryptographicOperations.FixedTimeEquals(proof, raw[BodyLength..]))
        {
            return TicketState.Invalid;
        }

        position = BinaryPrimitives.ReadInt32BigEndian(raw);
        serial = BinaryPrimitives.ReadUInt32BigEndian(raw[12..]);
        return (uint)position < (uint)state.Allocations.Limit && state.Allocations[position].Id == BinaryPrimitives.ReadInt64BigEndian(raw[4..])
            ? TicketState.Known
            : TicketState.Gone;
    }

    /// <summary>Prepares the move to the request's path; false when ticket or path does not allow it (400).</summary>
    public bool TryMove(ref RequestContext request, int position)
    {
        request.Message.TryGet(StunAttributeType.MobilityTicket, out var ticket);
        if (Read(ticket, out _, out var serial) != TicketState.Known
            || !_paths.TryGetValue(position, out var path)
            || state.Allocations[position].Client == request.From)
        {
            return false;
        }

        // The replaced ticket is good for a retransmission from the same new path only.
        if (serial == path.OldSerial && request.Now < path.OldUntil && path.Pending == request.From)
        {
            return true;
        }

        if (serial != path.Serial || state.Allocations.Find(request.From) >= 0)
        {
            return false;
        }

        GiveUpPending(path, request.Commands);
        path.Pending = request.From;
        path.OldSerial = serial;
        path.OldUntil = request.Now + OldTicketLife;
        path.Serial++;
        _pending[request.From] = position;
        _paths[position] = path;
        request.Commands.Add(new RelayCommand { Kind = RelayCommandKind.PathTaken, Client = request.From });
        return true;
    }

    /// <summary>The allocation that is moving to this path, or -1; requests do not make the move final.</summary>
    public int FindPending(in FiveTuple from) => _pending.TryGetValue(from, out var position) ? position : -1;

    /// <summary>The same for data, which makes the move final.</summary>
    public int FindMoved(in FiveTuple from)
    {
        if (!_pending.TryGetValue(from, out var position))
        {
            return -1;
        }

        Complete(position);
        return position;
    }

    /// <summary>The old path closed: true when the allocation lives on, on its new path or waiting for its ticket.</summary>
    public bool TrySurvive(int position)
    {
        if (!_paths.TryGetValue(position, out var path))
        {
            return false;
        }

        if (!path.Pending.IsNone)
        {
            Complete(position);
        }

        return true;
    }

    public void Forget(int position, List<RelayCommand> commands)
    {
        if (_paths.Remove(position, out var path))
        {
            GiveUpPending(path, commands);
        }
    }

    private void GiveUpPending(in Path path, List<RelayCommand> commands)
    {
        if (_pending.Remove(path.Pending))
        {
            commands.Add(new RelayCommand { Kind = RelayCommandKind.PathGone, Client = path.Pending });
        }
    }

    private void Complete(int position)
    {
        var path = _paths[position];
        _pending.Remove(path.Pending);
        state.Deferred.Add(new RelayCommand { Kind = RelayCommandKind.PathGone, Client = state.Allocations[position].Client });
        state.Allocations.Move(position, path.Pending, state.Deferred);
        state.Counters.MovedClients++;
        _paths[position] = new Path { Serial = path.Serial };
    }

    private void WriteProof(ReadOnlySpan<byte> body, Span<byte> proof)
    {
        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Span<byte> input = stackalloc byte[BodyLength + 7];
        "ticket"u8.CopyTo(input);
        input[6] = state.Settings.Shard;
        body.CopyTo(input[7..]);
        HMACSHA256.HashData(state.Settings.NonceKey.Span, input, mac);
        mac[..proof.Length].CopyTo(proof);
    }

    private struct Path
    {
        public uint Serial;
        public uint OldSerial;
        public TimeSpan OldUntil;
        public FiveTuple Pending;
    }
}

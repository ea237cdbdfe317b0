using MediaRelay.Stun;
using MediaRelay.Turn.Ports;

namespace MediaRelay.Turn.Tests.Scenes;

internal delegate void Fill(ref StunWriter writer);

/// <summary>A client that knows nothing but how to write requests; it asks for a nonce when it has none.</summary>
internal sealed class TestClient(Scene scene, string name, string password, FiveTuple path)
{
    private byte[]? _nonce;
    private ulong _transaction = (ulong)(path.Client.Port << 16);

    public FiveTuple Path { get; set; } = path;

    public string Name { get; } = name;

    /// <summary>SHA-256 keys and integrity, as RFC 8489 clients do.</summary>
    public bool UsesSha256 { get; set; }

    /// <summary>Sends USERHASH in place of USERNAME.</summary>
    public bool HidesName { get; set; }

    public bool RetriesStaleNonce { get; set; } = true;

    public byte[] Nonce
    {
        get => _nonce ??= scene.Send(Plain(StunMethod.Allocate, (ref StunWriter w) => w.AddRequestedTransport(17)), Path).Nonce;
        set => _nonce = value;
    }

    public LongTermKey Key => LongTermKey.Derive(UsesSha256 ? PasswordAlgorithm.Sha256 : PasswordAlgorithm.Md5, Name, Scene.Realm, password);

    /// <summary>The relay port of the first OpenPort command of the last Allocate.</summary>
    public RelayPort Port { get; private set; }

    public byte[] LastRequest { get; private set; } = [];

    /// <summary>A request without credentials.</summary>
    public byte[] Plain(StunMethod method, Fill? fill = null, StunClass @class = StunClass.Request)
    {
        var buffer = new byte[1500];
        var writer = new StunWriter(buffer, method, @class, NextTransaction());
        fill?.Invoke(ref writer);
        return buffer[..writer.Length];
    }

    /// <summary>A request with credentials.</summary>
    public byte[] Signed(StunMethod method, Fill? fill = null, TransactionId? transaction = null)
    {
        var nonce = Nonce;
        var buffer = new byte[1500];
        var writer = new StunWriter(buffer, method, StunClass.Request, transaction ?? NextTransaction());
        fill?.Invoke(ref writer);
        if (HidesName)
        {
            Span<byte> hash = stackalloc byte[Userhash.Length];
            Userhash.Compute(System.Text.Encoding.UTF8.GetBytes(Name), System.Text.Encoding.UTF8.GetBytes(Scene.Realm), hash);
            writer.Add(StunAttributeType.Userhash, hash);
        }
        else
        {
            writer.AddText(StunAttributeType.Username, Name);
        }

        writer.AddText(StunAttributeType.Realm, Scene.Realm);
        writer.Add(StunAttributeType.Nonce, nonce);
        if (UsesSha256)
        {
            writer.AddPasswordAlgorithms([PasswordAlgorithm.Sha256, PasswordAlgorithm.Md5]);
            writer.AddPasswordAlgorithm(PasswordAlgorithm.Sha256);
        }

        writer.AddIntegrity(Key);
        return buffer[..writer.Length];
    }

    public Answer Request(StunMethod method, Fill? fill = null, TransactionId? transaction = null)
    {
        LastRequest = Signed(method, fill, transaction);
        var answer = scene.Send(LastRequest, Path);
        if (answer.Code == 438 && RetriesStaleNonce)
        {
            _nonce = answer.Nonce;
            LastRequest = Signed(method, fill, transaction);
            answer = scene.Send(LastRequest, Path);
        }

        if (method == StunMethod.Allocate)
        {
            var open = scene.Commands.FirstOrDefault(c => c.Kind == RelayCommandKind.OpenPort);
            Port = open.Kind == RelayCommandKind.OpenPort ? open.Port : Port;
        }

        return answer;
    }

    public Answer Allocate(Fill? fill = null, byte protocol = 17, TransactionId? transaction = null) => Request(
        StunMethod.Allocate,
        (ref StunWriter w) =>
        {
            w.AddRequestedTransport(protocol);
            fill?.Invoke(ref w);
        },
        transaction);

    public Answer Refresh(uint? lifetime = null, Fill? fill = null) => Request(
        StunMethod.Refresh,
        (ref StunWriter w) =>
        {
            if (lifetime is { } seconds)
            {
                w.AddLifetime(seconds);
            }

            fill?.Invoke(ref w);
        });

    public Answer Permit(params TransportAddress[] peers) => Request(
        StunMethod.CreatePermission,
        (ref StunWriter w) =>
        {
            foreach (var peer in peers)
            {
                w.AddAddress(StunAttributeType.XorPeerAddress, peer);
            }
        });

    public Answer Bind(ushort number, TransportAddress peer) => Request(
        StunMethod.ChannelBind,
        (ref StunWriter w) =>
        {
            w.AddChannelNumber(number);
            w.AddAddress(StunAttributeType.XorPeerAddress, peer);
        });

    /// <summary>Sends ChannelData; where it went, or null when it was dropped.</summary>
    public Forward? SendChannelData(ushort number, ReadOnlySpan<byte> payload, byte trafficClass = 0)
    {
        var message = new byte[4 + payload.Length];
        ChannelData.WriteHeader(message, number, payload.Length);
        payload.CopyTo(message.AsSpan(4));
        return Forwarded(message, trafficClass);
    }

    /// <summary>Sends a Send indication; where its data went, or null when it was dropped.</summary>
    public Forward? SendIndication(TransportAddress peer, ReadOnlySpan<byte> payload, Fill? more = null, byte trafficClass = 0)
    {
        var data = payload.ToArray();
        var message = Plain(
            StunMethod.Send,
            (ref StunWriter w) =>
            {
                w.AddAddress(StunAttributeType.XorPeerAddress, peer);
                more?.Invoke(ref w);
                w.Add(StunAttributeType.Data, data);
            },
            StunClass.Indication);
        return Forwarded(message, trafficClass);
    }

    public Forward? Forwarded(byte[] message, byte trafficClass = 0)
    {
        if (scene.Engine.TryForwardFromClient(message, Path, trafficClass, scene.Now, out var forward))
        {
            LastPayload = message.AsSpan(forward.Offset, forward.Length).ToArray();
            return forward;
        }

        Assert.True(scene.Send(message, Path).IsSilent, "what is not forwarded is not answered either");
        return null;
    }

    public byte[] LastPayload { get; private set; } = [];

    public TransactionId NextTransaction()
    {
        Span<byte> bytes = stackalloc byte[12];
        BitConverter.TryWriteBytes(bytes, ++_transaction);
        return TransactionId.FromBytes(bytes);
    }
}

using System.Text;
using MediaRelay.Stun;
using MediaRelay.Tests.Support;
using MediaRelay.Turn.Client;

namespace MediaRelay.Turn.Tests.Client;

internal delegate void Fill(ref StunWriter writer);

/// <summary>One client and the answers of a server, written by hand, in virtual time.</summary>
internal sealed class ScriptedServer
{
    public const string Realm = "relay.example";
    public const string Nonce = "0123456789abcdef";
    public static readonly TransportAddress Address = TransportAddress.Parse("192.0.2.10:3478");
    public static readonly TransportAddress Mapped = TransportAddress.Parse("203.0.113.5:40000");
    public static readonly TransportAddress Relayed = TransportAddress.Parse("198.51.100.1:50000");
    public static readonly TransportAddress RelayedV6 = TransportAddress.Parse("[2001:db8::1]:50000");
    public static readonly TransportAddress Peer = TransportAddress.Parse("192.0.2.77:6000");

    private int _taken;

    public ScriptedServer(Func<TurnClientSettings, TurnClientSettings>? change = null)
    {
        var settings = new TurnClientSettings { Server = Address, Credential = TurnCredential.FromPassword("alice", "secret") };
        Client = new TurnClient(change is null ? settings : change(settings), new CountingRandom());
    }

    public TurnClient Client { get; }

    public TimeSpan Now { get; private set; } = TimeSpan.FromHours(1);

    public List<TurnClientCommand> Commands { get; } = [];

    /// <summary>Set after a challenge; answers are signed with it.</summary>
    public LongTermKey Key { get; set; }

    public bool SignWithSha256 { get; set; }

    /// <summary>The next request or indication that the client sent.</summary>
    public byte[] Take() => Commands.Skip(_taken).Select((c, i) => (c, i)).Where(x => x.c is TurnClientCommand.Send or TurnClientCommand.SendOnConnection)
        .Select(x =>
        {
            _taken += x.i + 1;
            return x.c is TurnClientCommand.Send send ? send.Bytes.ToArray() : ((TurnClientCommand.SendOnConnection)x.c).Bytes.ToArray();
        }).First();

    public bool HasMore => Commands.Skip(_taken).Any(c => c is TurnClientCommand.Send or TurnClientCommand.SendOnConnection);

    public T Last<T>() where T : TurnClientCommand => Commands.OfType<T>().Last();

    public static StunMessage Read(byte[] bytes)
    {
        Assert.True(StunMessage.TryRead(bytes, out var message, out var error), error.ToString());
        return message;
    }

    public void Start()
    {
        Client.Start(Now, Commands);
    }

    /// <summary>Lets time pass, with every deadline on the way.</summary>
    public void Advance(double seconds)
    {
        var end = Now + TimeSpan.FromSeconds(seconds);
        while (Client.NextDeadline is { } next && next <= end)
        {
            Now = next > Now ? next : Now;
            Client.HandleDeadline(Now, Commands);
        }

        Now = end;
    }

    public void Answer(byte[] request, StunClass @class, Fill? fill = null, bool signed = true)
    {
        var writer = StunWriter.Reply(new byte[1024], Read(request), @class);
        fill?.Invoke(ref writer);
        if (signed && Key.Length > 0 && SignWithSha256)
            writer.AddIntegritySha256(Key.Bytes);
        else if (signed && Key.Length > 0)
            writer.AddIntegrity(Key.Bytes);
        writer.AddFingerprint();
        Client.HandleReceived(writer.Written, Now, Commands);
    }

    public void Refuse(byte[] request, StunErrorCode code, bool signed = true) =>
        Answer(request, StunClass.Error, (ref StunWriter w) => w.AddErrorCode(code), signed);

    public void Challenge(byte[] request, StunErrorCode code = StunErrorCode.Unauthenticated, string nonce = Nonce, PasswordAlgorithm[]? offer = null) =>
        Answer(request, StunClass.Error, (ref StunWriter w) =>
        {
            w.AddErrorCode(code);
            w.AddText(StunAttributeType.Realm, Realm);
            w.AddText(StunAttributeType.Nonce, nonce);
            if (offer is not null)
                w.AddPasswordAlgorithms(offer);
        }, signed: false);

    public void Indicate(StunMethod method, Fill fill)
    {
        var writer = new StunWriter(new byte[1024], method, StunClass.Indication, default);
        fill(ref writer);
        Client.HandleReceived(writer.Written, Now, Commands);
    }

    public static void AllocateAnswer(ref StunWriter writer, uint lifetime = 600)
    {
        writer.AddAddress(StunAttributeType.XorRelayedAddress, Relayed);
        writer.AddAddress(StunAttributeType.XorMappedAddress, Mapped);
        writer.AddLifetime(lifetime);
    }

    /// <summary>Start, 401, signed Allocate, success.</summary>
    public void Allocate(uint lifetime = 600)
    {
        Start();
        Challenge(Take());
        Key = LongTermKey.Derive(PasswordAlgorithm.Md5, "alice", Realm, "secret");
        Answer(Take(), StunClass.Success, (ref StunWriter w) => AllocateAnswer(ref w, lifetime));
        Assert.Equal(TurnClientState.Allocated, Client.State);
    }

    /// <summary>Answers requests of one kind with success while time passes.</summary>
    public void Accept(StunMethod method)
    {
        var request = Take();
        Assert.Equal(method, Read(request).Method);
        Answer(request, StunClass.Success, (ref StunWriter w) =>
        {
            if (method == StunMethod.Refresh)
                w.AddLifetime(600);
        });
    }

    public static string Text(byte[] request, StunAttributeType type) => Read(request).TryGet(type, out var value) ? Encoding.UTF8.GetString(value) : "";
}

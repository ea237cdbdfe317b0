using System.Text;
using MediaRelay.Stun;

namespace MediaRelay.Turn.Client;

/// <summary>
/// Client side of the long-term credential mechanism with bid-down protection (RFC 8489 section 9.2) and of third-party
/// authorization (RFC 7635): remembers the challenge, signs requests, checks answers.
/// </summary>
internal sealed class Authentication(TurnCredential? credential)
{
    private static readonly PasswordAlgorithm[] Known = [PasswordAlgorithm.Sha256, PasswordAlgorithm.Md5];

    private TurnCredential? _credential = credential;
    private byte[] _realm = [];
    private byte[] _nonce = [];
    private byte[] _offered = [];
    private PasswordAlgorithm _algorithm;
    private LongTermKey _key;
    private bool _useUserhash;

    /// <summary>A challenge was answered with a key or token: requests are signed from now on. A token needs the server's nonce too (RFC 8489 section 9.2.4).</summary>
    public bool IsReady { get; private set; }

    private bool UsesSha256 => _offered.Length > 0;

    /// <summary>Forgets the challenge: the next server has its own realm and nonce.</summary>
    public void Reset()
    {
        _realm = _nonce = _offered = [];
        IsReady = false;
    }

    public void Replace(TurnCredential credential)
    {
        _credential = credential;
        IsReady = credential.IsToken && _nonce.Length > 0;
    }

    /// <summary>
    /// The downgrade test that comes before everything else: the nonce says that algorithms are offered, the answer does not.
    /// </summary>
    public static bool IsDowngraded(in StunMessage answer) =>
        answer.TryGetText(StunAttributeType.Nonce, StunLimits.MaxForeignText, out var nonce)
        && NonceCookie.TryRead(nonce, out var features) && features.HasFlag(SecurityFeatures.PasswordAlgorithms)
        && !answer.Has(StunAttributeType.PasswordAlgorithms);

    /// <summary>Keeps realm and nonce of a 401 that asks for a token, for the request that brings it.</summary>
    public TurnFailure KeepChallenge(in StunMessage answer)
    {
        if (!answer.TryGetText(StunAttributeType.Nonce, StunLimits.MaxForeignText, out var nonce)
            || !answer.TryGetText(StunAttributeType.Realm, StunLimits.MaxForeignText, out var realm))
            return TurnFailure.BadAnswer;
        _realm = realm.ToArray();
        return TakeNonce(nonce);
    }

    /// <summary>Takes realm, nonce and algorithm of a 401.</summary>
    public TurnFailure TakeChallenge(in StunMessage answer)
    {
        if (!answer.TryGetText(StunAttributeType.Nonce, StunLimits.MaxForeignText, out var nonce)
            || !answer.TryGetText(StunAttributeType.Realm, StunLimits.MaxForeignText, out var realm))
            return TurnFailure.BadAnswer;
        if (_credential is null)
            return TurnFailure.CredentialsNeeded;
        var failure = TakeAlgorithms(answer);
        if (failure != TurnFailure.None)
            return failure;
        _realm = realm.ToArray();
        TakeNonce(nonce);
        if (!_credential.IsToken)
            _key = LongTermKey.Derive(_algorithm, Encoding.UTF8.GetBytes(_credential.Username), _realm, Encoding.UTF8.GetBytes(_credential.Password));
        IsReady = true;
        return TurnFailure.None;
    }

    /// <summary>Takes the new nonce of a 438; the algorithm stays unless the server now offers others.</summary>
    public TurnFailure TakeStaleNonce(in StunMessage answer) =>
        answer.Has(StunAttributeType.Realm) ? TakeChallenge(answer)
        : answer.TryGetText(StunAttributeType.Nonce, StunLimits.MaxForeignText, out var nonce) ? TakeNonce(nonce)
        : TurnFailure.BadAnswer;

    public void Sign(scoped ref StunWriter writer, StunMethod method)
    {
        if (_credential is null)
            return;
        if (_credential.IsToken)
        {
            SignWithToken(ref writer, method, _credential);
            return;
        }

        AddUser(ref writer, _credential.Username);
        writer.Add(StunAttributeType.Realm, _realm);
        writer.Add(StunAttributeType.Nonce, _nonce);
        if (!UsesSha256)
        {
            writer.AddIntegrity(_key.Bytes);
            return;
        }

        writer.Add(StunAttributeType.PasswordAlgorithms, _offered);
        writer.AddPasswordAlgorithm(_algorithm);
        writer.AddIntegritySha256(_key.Bytes);
    }

    public TurnClientCommand.Challenged Challenged() =>
        new(Encoding.UTF8.GetString(_realm), _algorithm, NonceCookie.TryRead(_nonce, out var features) ? features : SecurityFeatures.None);

    public bool Verify(in StunMessage answer)
    {
        if (_credential is { IsToken: true })
            return MessageIntegrity.Verify(answer, _credential.MacKey.Span);
        return UsesSha256 ? MessageIntegrity.VerifySha256(answer, _key.Bytes) : MessageIntegrity.Verify(answer, _key.Bytes);
    }

    private TurnFailure TakeAlgorithms(in StunMessage answer)
    {
        if (!answer.TryGet(StunAttributeType.PasswordAlgorithms, out var offered))
        {
            _offered = [];
            _algorithm = PasswordAlgorithm.Md5;
            return TurnFailure.None;
        }

        // The first one on the server's list that is known, not our favourite.
        _algorithm = PasswordAlgorithms.FirstOf(offered, Known);
        if (_algorithm == PasswordAlgorithm.None)
            return TurnFailure.NoCommonAlgorithm;
        _offered = offered.ToArray();
        return TurnFailure.None;
    }

    private TurnFailure TakeNonce(ReadOnlySpan<byte> nonce)
    {
        _nonce = nonce.ToArray();
        _useUserhash = NonceCookie.TryRead(nonce, out var features) && features.HasFlag(SecurityFeatures.UsernameAnonymity);
        return TurnFailure.None;
    }

    private void AddUser(scoped ref StunWriter writer, string username)
    {
        if (!_useUserhash)
        {
            writer.AddText(StunAttributeType.Username, username);
            return;
        }

        Span<byte> hash = stackalloc byte[Userhash.Length];
        Userhash.Compute(Encoding.UTF8.GetBytes(username), _realm, hash);
        writer.Add(StunAttributeType.Userhash, hash);
    }

    // The token travels only in Allocate and Refresh (RFC 7635 section 9); the server keeps its key for the rest.
    private void SignWithToken(scoped ref StunWriter writer, StunMethod method, TurnCredential token)
    {
        writer.AddText(StunAttributeType.Username, token.Username);
        writer.Add(StunAttributeType.Realm, _realm);
        writer.Add(StunAttributeType.Nonce, _nonce);
        if (method is StunMethod.Allocate or StunMethod.Refresh)
            writer.Add(StunAttributeType.AccessToken, token.Token.Span);
        writer.AddIntegrity(token.MacKey.Span);
    }
}

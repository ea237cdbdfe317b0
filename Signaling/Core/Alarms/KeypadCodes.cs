using System.Security.Cryptography;
using System.Text;

namespace MediaRelay.Signaling.Alarms;

/// <summary>The codes of one home, and how often somebody may guess. One owner; time is monotonic where it is a span.</summary>
public sealed class KeypadCodes
{
    /// <summary>Wrong codes in a row after which the keypad is locked.</summary>
    public const int MaxWrong = 5;

    /// <summary>Codes of one home at most.</summary>
    public const int MaxCodes = 100;

    /// <summary>How long it is locked.</summary>
    public static readonly TimeSpan Lock = TimeSpan.FromSeconds(90);

    private readonly SortedDictionary<string, KeypadCode> _codes = new(StringComparer.Ordinal);
    private int _wrong;
    private TimeSpan? _lockedUntil;

    /// <summary>All codes.</summary>
    public IReadOnlyCollection<KeypadCode> All => _codes.Values;

    /// <summary>Adds or replaces a code; false when there are too many or another person has the same.</summary>
    public bool TryStore(KeypadCode code, out string? refusal)
    {
        refusal = _codes.Values.Any(c => c.Id != code.Id && c.Hash == code.Hash) ? "Somebody else has this code already. Choose another."
            : !_codes.ContainsKey(code.Id) && _codes.Count >= MaxCodes ? $"A home has at most {MaxCodes} codes. Remove one first."
            : null;
        if (refusal is null)
        {
            _codes[code.Id] = code;
        }

        return refusal is null;
    }

    /// <summary>Removes a code; removing the absent changes nothing.</summary>
    public void Remove(string id) => _codes.Remove(id);

    /// <summary>Whose code was typed; null with a sentence when nobody's, when it is not valid now, or while the keypad is locked.</summary>
    public KeypadCode? Check(string hash, DateTimeOffset utcNow, TimeSpan now, out string? refusal)
    {
        refusal = null;
        if (_lockedUntil is { } until && now < until)
        {
            refusal = $"The keypad is locked after {MaxWrong} wrong codes. Wait {Math.Ceiling((until - now).TotalSeconds):0} s.";
            return null;
        }

        KeypadCode? found = null;
        foreach (var code in _codes.Values)
        {
            // Every code is compared, so that the time says nothing about which one nearly fitted.
            if (CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(code.Hash), Encoding.ASCII.GetBytes(hash)))
            {
                found = code;
            }
        }

        if (found?.IsOpen(utcNow) == true)
        {
            (_wrong, _lockedUntil) = (0, null);
            return found;
        }

        refusal = found is null ? "The code is not known." : $"The code of {found.Name} is not valid at this time.";
        if (++_wrong >= MaxWrong)
        {
            (_wrong, _lockedUntil) = (0, now + Lock);
            refusal += $" The keypad is locked for {Lock.TotalSeconds:0} s.";
        }

        return null;
    }
}

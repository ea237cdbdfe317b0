using MediaRelay.Signaling.Alarms;

namespace MediaRelay.Signaling.Tests.Alarms;

/// <summary>Codes of the keypad: whose they are, when they count, and how guessing ends.</summary>
public sealed class KeypadCodesTests
{
    private static readonly DateTimeOffset Utc = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Now = TimeSpan.FromHours(1);

    [Fact]
    public void A_code_says_who_typed_it_and_only_that_code_does()
    {
        KeypadCodes codes = Given(new KeypadCode("a", "Ann", Hash("1234")), new KeypadCode("b", "Bob", Hash("98765")));
        Assert.Equal("Ann", codes.Check(Hash("1234"), Utc, Now, out _)?.Name);
        Assert.Equal("Bob", codes.Check(Hash("98765"), Utc, Now, out _)?.Name);
        Assert.Null(codes.Check(Hash("0000"), Utc, Now, out string? refusal));
        Assert.Equal("The code is not known.", refusal);
    }

    [Theory]
    [InlineData(-1, false)]
    [InlineData(0, true)]
    [InlineData(59, true)]
    [InlineData(60, false)]
    public void A_code_counts_from_its_first_moment_to_its_end(int minutes, bool counts)
    {
        KeypadCodes codes = Given(new KeypadCode("a", "Cleaner", Hash("1234"), Utc, Utc.AddHours(1)));
        Assert.Equal(counts, codes.Check(Hash("1234"), Utc.AddMinutes(minutes), Now, out string? refusal) is not null);
        Assert.Equal(counts ? null : "The code of Cleaner is not valid at this time.", refusal);
    }

    [Fact]
    public void Five_wrong_codes_lock_the_keypad_for_a_while_even_for_the_right_one()
    {
        KeypadCodes codes = Given(new KeypadCode("a", "Ann", Hash("1234")));
        string? refusal = null;
        for (int i = 0; i < KeypadCodes.MaxWrong; i++)
            Assert.Null(codes.Check(Hash("0000"), Utc, Now, out refusal));
        Assert.Equal("The code is not known. The keypad is locked for 90 s.", refusal);
        Assert.Null(codes.Check(Hash("1234"), Utc, Now + TimeSpan.FromSeconds(89), out refusal));
        Assert.Equal("The keypad is locked after 5 wrong codes. Wait 1 s.", refusal);
        Assert.NotNull(codes.Check(Hash("1234"), Utc, Now + TimeSpan.FromSeconds(90), out _));
    }

    [Fact]
    public void The_right_code_forgives_what_was_wrong_before()
    {
        KeypadCodes codes = Given(new KeypadCode("a", "Ann", Hash("1234")));
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < KeypadCodes.MaxWrong - 1; i++)
                Assert.Null(codes.Check(Hash("0000"), Utc, Now, out _));
            Assert.NotNull(codes.Check(Hash("1234"), Utc, Now, out _));
        }
    }

    [Fact]
    public void Two_people_never_have_the_same_code_and_a_code_can_be_replaced_and_taken_back()
    {
        KeypadCodes codes = Given(new KeypadCode("a", "Ann", Hash("1234")));
        Assert.False(codes.TryStore(new KeypadCode("b", "Bob", Hash("1234")), out string? refusal));
        Assert.Equal("Somebody else has this code already. Choose another.", refusal);
        Assert.True(codes.TryStore(new KeypadCode("a", "Ann", Hash("5678")), out _));
        Assert.True(codes.TryStore(new KeypadCode("b", "Bob", Hash("1234")), out _));
        codes.Remove("b");
        Assert.Null(codes.Check(Hash("1234"), Utc, Now, out _));
    }

    [Theory]
    [InlineData("1234", true)]
    [InlineData("12345678", true)]
    [InlineData("123", false)]
    [InlineData("123456789", false)]
    [InlineData("12a4", false)]
    [InlineData(null, false)]
    public void A_code_is_four_to_eight_digits(string? code, bool isCode) => Assert.Equal(isCode, KeypadCode.IsCode(code));

    [Fact]
    public void What_is_written_is_read_and_anything_else_is_not()
    {
        var code = new KeypadCode("a", "Ann; or so", Hash("1234"), Utc, null, IsDuress: true);
        Assert.Equal(code, KeypadCode.Read("a", code.Write()));
        Assert.DoesNotContain("1234", code.Write().Split(';')[4], StringComparison.Ordinal);
        foreach (string bad in (string[])["", "x;;;normal;Ann", $"{code.Hash};;;normal;", $"{code.Hash};yesterday;;normal;Ann", $"{code.Hash};;;loud;Ann", code.Hash.ToUpperInvariant() + ";;;normal;Ann"])
            Assert.Null(KeypadCode.Read("a", bad));
    }

    [Fact]
    public void The_same_code_of_two_homes_has_two_hashes() => Assert.NotEqual(KeypadCode.HashOf("gw-1", "1234"), KeypadCode.HashOf("gw-2", "1234"));

    private static KeypadCodes Given(params KeypadCode[] all)
    {
        var codes = new KeypadCodes();
        foreach (KeypadCode code in all)
            Assert.True(codes.TryStore(code, out _));
        return codes;
    }

    private static string Hash(string code) => KeypadCode.HashOf("gw-1", code);
}

using MediaRelay.Stun.Text;

namespace MediaRelay.Stun.Tests;

public class TextTests
{
    // Rows of Unicode's NormalizationTest.txt (source, NFC, NFKC), one per rule.
    [Theory]
    [InlineData("\u1E0A", "\u1E0A", "\u1E0A")]
    [InlineData("D\u0307", "\u1E0A", "\u1E0A")]
    [InlineData("D\u0307\u0323", "\u1E0C\u0307", "\u1E0C\u0307")]
    [InlineData("\u0958", "\u0915\u093C", "\u0915\u093C")]
    [InlineData("\u212B", "\u00C5", "\u00C5")]
    [InlineData("\uFB03", "\uFB03", "ffi")]
    [InlineData("\u1100\u1161\u11A8", "\uAC01", "\uAC01")]
    [InlineData("\uAC00\u11A8", "\uAC01", "\uAC01")]
    [InlineData("\u00BD", "\u00BD", "1\u20442")]
    [InlineData("\u1E9B\u0323", "\u1E9B\u0323", "\u1E69")]
    [InlineData("a\u0315\u0300\u05AE\u0300b", "\u00E0\u05AE\u0300\u0315b", "\u00E0\u05AE\u0300\u0315b")]
    [InlineData("\u0344", "\u0308\u0301", "\u0308\u0301")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165", "\U0001D157\U0001D165")]
    [InlineData("\u0B47\u0300\u0B3E", "\u0B47\u0300\u0B3E", "\u0B47\u0300\u0B3E")]
    public void Normal_forms_agree_with_unicode(string source, string formC, string formKC)
    {
        Assert.Equal(formC, UnicodeNormalizer.FormC(source));
        Assert.Equal(formKC, UnicodeNormalizer.FormKC(source));
        Assert.Equal(formC, UnicodeNormalizer.FormC(formC));
        Assert.Equal(formKC, UnicodeNormalizer.FormKC(formKC));
    }

    [Theory]
    [InlineData("correct horse battery staple", "correct horse battery staple")]
    [InlineData("Correct Horse Battery Staple", "Correct Horse Battery Staple")]
    [InlineData("\u03C0\u00DF\u00E5", "\u03C0\u00DF\u00E5")]
    [InlineData("Jack of \u2666s", "Jack of \u2666s")]
    [InlineData("foo\u1680bar", "foo bar")]
    [InlineData("\u00C5", "\u00C5")]
    [InlineData("A\u030A", "\u00C5")]
    public void OpaqueString_prepares_the_examples_of_rfc8265(string text, string expected)
    {
        Assert.True(OpaqueString.TryPrepare(text, out var prepared));
        Assert.Equal(expected, prepared);
    }

    [Theory]
    [InlineData("")]
    [InlineData("my cat is a \u0009by")]
    [InlineData("tab\there")]
    [InlineData("soft\u00ADhyphen")]
    [InlineData("\uE000")]
    [InlineData("\u1100")]
    public void OpaqueString_refuses_what_freeform_does_not_allow(string text) => Assert.False(OpaqueString.TryPrepare(text, out _));

    // Not a row: the test runner cannot carry an unpaired surrogate.
    [Fact]
    public void Unpaired_surrogates_are_refused()
    {
        Assert.False(OpaqueString.TryPrepare("\uD800x", out _));
        Assert.False(SaslPrep.TryPrepare("x\uDC00", out _));
    }

    // RFC 4013 section 3.
    [Theory]
    [InlineData("I\u00ADX", "IX")]
    [InlineData("user", "user")]
    [InlineData("USER", "USER")]
    [InlineData("\u00AA", "a")]
    [InlineData("\u2168", "IX")]
    public void SaslPrep_prepares_the_examples_of_rfc4013(string text, string expected)
    {
        Assert.True(SaslPrep.TryPrepare(text, out var prepared));
        Assert.Equal(expected, prepared);
    }

    [Theory]
    [InlineData("\u0007")]
    [InlineData("\u06271")]
    [InlineData("\u0627a\u0628")]
    public void SaslPrep_refuses_the_examples_of_rfc4013(string text) => Assert.False(SaslPrep.TryPrepare(text, out _));
}

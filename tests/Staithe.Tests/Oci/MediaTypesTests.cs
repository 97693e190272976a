using System.Text.RegularExpressions;
using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Oci;

public sealed partial class MediaTypesTests
{
    static readonly string[] Alphabet =
        ["a", "Z", "0", "!", "#", "$", "&", "-", "^", "_", ".", "+", "/", "*", " ", ";", "=", "\"", "\\", ":", "%", "'", "|", "~", "\0", "\r\n", "é", "\ud83d", "application/", "text/", "+json", new string('x', 60)];

    [Fact]
    public void A_media_type_is_what_rfc_6838_says()
    {
        var random = Seed.Random();
        for (var i = 0; i < 50_000; i++)
        {
            var text = random.Text(8, Alphabet);
            Assert.True(Grammar().IsMatch(text) == MediaTypes.IsMediaType(text), OciException.Quote(text));
            Assert.True(!MediaTypes.IsMediaType(text) || (MediaTypes.IsMediaTypeWithParameters(text) && MediaTypes.IsOfDescriptor(text)), OciException.Quote(text));
            Assert.True(!MediaTypes.IsMediaTypeWithParameters(text) || (MediaTypes.IsOfDescriptor(text) && text.Length <= MediaTypes.MaxLength), OciException.Quote(text));
            Assert.True(!MediaTypes.MayBeManifest(text) || (MediaTypes.IsMediaType(text) && text.StartsWith("application/", StringComparison.OrdinalIgnoreCase)), OciException.Quote(text));
            if (MediaTypes.IsMediaType(text))
                Assert.Equal(text, MediaTypes.FromQuery(text.Replace('+', ' ')));
        }
    }

    [Theory]
    [InlineData("application/spdx json", "application/spdx+json")]
    [InlineData("application/x json;a=b c", "application/x+json;a=b c")]
    [InlineData("", "")]
    public void A_blank_of_a_query_is_a_plus(string value, string type) => Assert.Equal(type, MediaTypes.FromQuery(value));

    [Theory]
    [InlineData(MediaTypes.OciManifest, null)]
    [InlineData("Application/vnd.oci.image.manifest.v1+json", MediaTypes.OciManifest)]
    [InlineData("application/vnd.oci.image.index.v1+JSON", MediaTypes.OciIndex)]
    [InlineData("application/vnd.other+json", null)]
    public void A_type_of_a_manifest_has_one_spelling(string text, string? right) => Assert.Equal(right, MediaTypes.FindMisspelled(text));

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9!#$&\-^_.+]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&\-^_.+]{0,126}\z")]
    private static partial Regex Grammar();
}

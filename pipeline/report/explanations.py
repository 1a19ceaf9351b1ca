"""What each figure means, for a reader who does not know it. Labels and order: `scoring.table.TITLES`."""

EXPLANATIONS = {
    "two_sample": "How often a fresh classifier is right that has learnt to tell samples from real images: "
    "0.5 where nothing tells them apart. Real: training images in the samples' place.",
    "two_sample_half": "The same at half the size: strokes and shapes are left, fine texture is gone.",
    "judge_fid": "Fréchet distance between samples and test images in the judge's features: 0 where their "
    "means and covariances agree.",
    "judge_fid_infinity": "The same for infinitely many samples. What is due to the count of the test images "
    "stays in it, and in the real images' figure.",
    "{}_fid": "The judge-FID again, in the features of the judge {}: what looks good to one judge alone is "
    "an accident.",
    "texture_fid": "The judge-FID again, by a judge that sees patches of seven pixels and less.",
    "judge_kid": "Kernel distance (squared MMD) in the judge's features. Unbiased, so it can fall below 0.",
    "patch_distance": "Distance of small patches at several scales, in grey levels: texture, by no judge.",
    "precision": "Share of samples that lie where real images lie: how real they look.",
    "recall": "Share of test images that lie where samples lie: how much of the real variety is reached.",
    "density": "How many real images a sample lies among; like precision, but less swayed by outliers. "
    "Can exceed 1.",
    "coverage": "Share of test images with a sample near them; like recall, but less swayed by outliers.",
    "label_accuracy": "Share of samples in which the judge sees the class that was asked for; the mean over "
    "the classes.",
    "{}_label_accuracy": "The same, in the eyes of the judge {}.",
    "inception_fid": "The standard FID, in features of an Inception network trained on photographs.",
    "inception_kid": "The standard KID, in the same features.",
    "train_on_generated": "Accuracy on the real test images of classifiers trained on nothing but samples. "
    "Real: trained on as many real images. Noise: always the most frequent class.",
    "label_use": "Share of the features' variance that the label explains: 0 where labels are ignored, 1 "
    "where the noise is.",
    "diversity": "Mean distance between two samples of a class, as a share of that between two test images: "
    "0 where all samples of a class are the same.",
    "judge_score": "The Inception score, by the judge: at most the number of classes, where each sample is "
    "clearly of one class and all classes are as frequent.",
    "class_imbalance": "Share of samples that would have to be of another class for the classes to be as "
    "frequent as among the test images.",
    "memorised_in_judge_space": "Share of samples as close to a training image, in the judge's features and "
    "beside that image's own nearest neighbour, as only 1 % of unseen real images are.",
    "memorised_in_pixels": "The same, with the distance taken between pixels, each sample moved by up to a "
    "pixel to where it fits best.",
    "near_duplicates": "Share of samples as close to another one as only 1 % of real images are to another.",
    "exact_duplicates": "Share of samples that equal an earlier one in every pixel.",
}


def explained(key: str) -> str:
    """What the figure means; of a judge after the first, with its name."""
    if key in EXPLANATIONS:
        return EXPLANATIONS[key]
    for form in ("{}_fid", "{}_label_accuracy"):
        if key.endswith(form.format("")):
            return EXPLANATIONS[form].format(key.removesuffix(form.format("")))
    return ""


# What is good (`TITLES` again), in full.
GOOD = {
    "low": "lower is better",
    "high": "higher is better",
    "as real": "best close to the real images' figure",
    "0": "best at 0",
    "0.5": "best at 0.5",
}
